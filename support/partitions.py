"""The files of the partitions: read with suspicion, replaced all at once; and how they were made."""

import errno
import hashlib
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from support.command_line import UserError
from support.files import in_words, replaced_directory
from support.partition_faults import OBJECTS, SAVE, fault_in

PARTITIONS = Path("partitions")
# How the partitions beside it were made, and what is in them; only partition.py writes it.
SETTINGS_FILE = "settings.json"
OWN_DATA = ("client_0.npz", "test.npz")  # there has to be this much of a reader's own
OUR_FILE = re.compile(r"client_\d+\.npz|test\.npz|settings\.json")
# What file managers, network disks and notebooks keep in any directory: hidden files, and some others.
SYSTEMS_OWN = re.compile(
    r"\..*|(e?h)?thumbs\.db|desktop\.ini|Icon\r|@eaDir|__MACOSX"
    r"|lost\+found|\$RECYCLE\.BIN|System Volume Information",
    re.IGNORECASE | re.DOTALL,
)


def load_partition(path):
    """Return (images (n, ...), labels int64 (n,)) from one partition file.

    MNIST's images are uint8 (n, 28, 28). Numbers come in this machine's order of bytes. Raises UserError if
    the file is missing, damaged or not a partition.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there is no {path}; {_advice_on_missing(path)}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # damaged bytes make zip and NumPy raise almost anything
        fault = OBJECTS if "Object arrays" in str(error) else (f"it is damaged ({error})", SAVE)
        raise _no_partition(path, *fault) from None
    for name, array in arrays.items():
        arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    if fault := fault_in(arrays):
        raise _no_partition(path, *fault)
    return arrays["images"], arrays["labels"]


def _no_partition(path, fault, remedy):
    """Return the UserError about a file; `remedy` is for a reader's own data, not for partition.py's."""
    if (path.parent / SETTINGS_FILE).exists():
        remedy = "remove it, and make it again with python partition.py"
    return UserError(f"{path} is not a partition: {fault}; {remedy}")


def _advice_on_missing(path):
    present = [int(file.stem.split("_")[1]) for file in path.parent.glob("client_[0-9]*.npz")]
    if path.name != "test.npz" and present:
        return f"the partitions there are {min(present)} to {max(present)}: choose one of them"
    if present and not (path.parent / SETTINGS_FILE).exists():
        return "save what the server tests on there, images and labels as in the clients' files"
    return (
        f"make the partitions with python partition.py, or go to where they are (not {Path.cwd()})"
    )


def check_number_of_clients(clients):
    """Raise UserError if partition.py has dealt the images out to other than `clients` clients."""
    dealt_to = (partition_settings() or {}).get("clients", clients)
    if dealt_to != clients:
        raise UserError(
            f"{PARTITIONS}/ is dealt out to {dealt_to} clients; give --clients {dealt_to}, "
            f"or deal again with python partition.py --clients {clients}"
        )


def check_own_partitions(clients):
    """Raise UserError if a reader's own partitions are fewer than `clients`."""
    missing = [k for k in range(clients) if not (PARTITIONS / f"client_{k}.npz").is_file()]
    if are_own_partitions() and missing:
        raise UserError(
            f"there is no {PARTITIONS}/client_{missing[0]}.npz; give --clients {missing[0]}, or add it"
        )


@contextmanager
def replaced_partitions(settings):
    """Yield a new directory, which replaces PARTITIONS, all of it, when the block ends well.

    What the system keeps there stays (see SYSTEMS_OWN). `settings` (a JSON-able dict) says how the files were
    made. Raises UserError if the directory cannot be replaced, or holds anything that is not partition.py's.
    """
    try:
        _check_that_all_is_ours()
        with replaced_directory(PARTITIONS, SYSTEMS_OWN.fullmatch) as new:
            yield new
            files = {path.name: _sha256(path) for path in sorted(new.iterdir())}
            (new / SETTINGS_FILE).write_text(
                json.dumps({**settings, "files": files}) + "\n", encoding="utf-8"
            )
    except OSError as error:
        raise UserError(f"cannot write {PARTITIONS}/: {_advice_on(error)}") from None


def _advice_on(error):
    """Return what an OSError says, and what to do about it."""
    directory = Path(os.path.realpath(PARTITIONS))
    if error.errno in (errno.EBUSY, errno.EXDEV):
        return f"a disk is mounted there; let {PARTITIONS} be a link to a directory on that disk"
    if not directory.parent.is_dir() or directory.is_symlink():
        lost = f"it is a link to {directory}, which is not there"
        return f"{lost}; mount that disk, or remove the link"
    reason = in_words(error, directory)
    return f"{reason}; make room for it, or let {PARTITIONS} be a link to where you may write"


def _check_that_all_is_ours():
    """Raise UserError, which names it, if there is anything that partition.py has not made."""
    if PARTITIONS.is_file():
        raise UserError(f"{PARTITIONS} is a file; move it elsewhere")
    listed = sorted(os.listdir(PARTITIONS)) if PARTITIONS.exists() else []
    files = [PARTITIONS / name for name in listed if not SYSTEMS_OWN.fullmatch(name)]
    for file in files:
        if not (OUR_FILE.fullmatch(file.name) and file.is_file()):
            raise UserError(f"{file} is nothing that partition.py has made; move it elsewhere")
    if files and (reason := _why_not_ours()):
        raise UserError(reason)


def _why_not_ours():
    """Return whose the files with our names are, and what to do, if they are not ours, or None."""
    description = PARTITIONS / SETTINGS_FILE
    if not description.exists():
        missing = [name for name in OWN_DATA if not (PARTITIONS / name).exists()]
        wanted = f"add {' and '.join(missing)} to train on it, or " if missing else ""
        yours = f"{PARTITIONS}/ holds data of your own"
        return f"{yours}; {wanted}move it elsewhere to have MNIST there"
    if not _read_settings():
        return f"{description} is damaged, and no longer says whose the data is; move {PARTITIONS}/ elsewhere"
    if not (changed := _changed_files()):
        return None
    if len(changed) < len(_data_files()):
        return (
            f"{changed[0]} is not the file that partition.py has made, and others are; "
            "move it elsewhere, or remove it if it is damaged"
        )
    return (
        f"{PARTITIONS}/ holds data that partition.py has not made; move it elsewhere, "
        f"or train on it: remove {description}"
    )


def _read_settings():
    """Return what SETTINGS_FILE holds, or {} if there is none, or none that can be read."""
    try:
        settings = json.loads((PARTITIONS / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _data_files():
    """Return the paths of all partitions and of the test images."""
    return [file for file in sorted(PARTITIONS.glob("*.npz")) if OUR_FILE.fullmatch(file.name)]


def _changed_files():
    """Return the paths of the files that partition.py has not made, or not as they are; it reads them all."""
    sums = _read_settings().get("files")
    if sums is None:
        return []
    return [file for file in _data_files() if sums.get(file.name) != _sha256(file)]


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def partition_settings():
    """Return how PARTITIONS was made, as `replaced_partitions` was told; None if nothing there says so."""
    settings = {name: value for name, value in _read_settings().items() if name != "files"}
    return settings or None


def are_own_partitions():
    """Return whether PARTITIONS holds a reader's own data: files that partition.py has not made."""
    are_there = all((PARTITIONS / name).is_file() for name in OWN_DATA)
    return are_there and not (PARTITIONS / SETTINGS_FILE).exists()


def are_partitioned(settings):
    """Return whether PARTITIONS holds what `settings` would make."""
    names = ["test.npz", *(f"client_{client}.npz" for client in range(settings["clients"]))]
    are_there = all((PARTITIONS / name).is_file() for name in names)
    return are_there and partition_settings() == settings and not _changed_files()
