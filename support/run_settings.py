"""A run on disk: who writes to it, how far it has come, what it was made with, and what may go on with it."""

import io
import json
from pathlib import Path
from zipfile import ZipFile

from support.command_line import UserError
from support.files import in_words, locked

STATE = "state.zip"
DESCRIPTION, HISTORY, MODEL = "run.json", "history.csv", "global_model.npz"  # what is in it


def locked_run(directory):
    """Keep other servers from the run in `directory` during the block; raise UserError if one writes to it.

    Two would destroy each other's record.
    """
    complaint = f"another server is writing to {directory}; stop it, or choose another --run"
    return locked(Path(directory, ".lock"), UserError(complaint))


def check_unlocked(directory):
    """Raise UserError if another server writes to `directory`; it need not exist."""
    if Path(directory).is_dir():
        with locked_run(directory):
            pass


def last_commit(directory):
    """Return what changes with every round that is recorded in `directory`; None if nothing ever was."""
    state = Path(directory, STATE)
    return state.stat().st_mtime_ns if state.exists() else None


def read_state(directory):
    """Return (settings, command, {name: content}) of the run in `directory`.

    A run whose round 0 is not finished has a DESCRIPTION only. Raises UserError if there is no state, or if
    it is damaged: every file in a ZIP archive has a checksum.
    """
    path = Path(directory, STATE)
    try:
        with ZipFile(io.BytesIO(path.read_bytes())) as state:
            files = {name: state.read(name) for name in state.namelist()}
        description = json.loads(files[DESCRIPTION])
        return description["settings"], description["command"], files
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {in_words(error, path)}") from None
    except OSError:
        advice = "no run to resume; start one without --resume"
        raise UserError(f"cannot read {path}: {advice}") from None
    except Exception:  # damaged bytes make zipfile raise almost anything
        advice = "restore it, or start again without --resume"
        raise UserError(f"{path} is damaged; {advice}") from None


def as_recorded(settings):
    """Return `settings` as run.json has them: a tuple is a list there, a path or a function its name."""
    return json.loads(
        json.dumps(settings, default=lambda value: getattr(value, "__name__", str(value)))
    )


def check_settings(directory, settings):
    """Raise UserError if the run in `directory` was made with other settings than these, or is none."""
    made_with, _, _ = read_state(directory)
    for name, value in settings.items():
        if name not in made_with or made_with[name] != value:
            how = _in_words(name, made_with.get(name))
            raise UserError(f"{directory} was made {how}; resume it in the same way")


def _in_words(name, value):
    """Return how a run was made that has the `value` of the setting `name`."""
    option = f"--{name.replace('_', '-')}"
    if name == "partitions":
        options = " ".join(f"--{key} {value[key]}" for key in value or ())
        made = f"those of python partition.py {options}" if options else "your own"
        return f"with other partitions, {made}"
    if value is None or isinstance(value, bool):  # --no-x, too, may be what switches it
        return f"{'with' if value else 'without'} {option}"
    return f"with {option} {' '.join(map(str, value)) if isinstance(value, list) else value}"
