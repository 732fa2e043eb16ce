"""The record of a run on disk: history.csv, run.json and global_model.npz in one directory.

Whatever ends a run, its record stays valid. A round counts as finished once run.json says so, which
happens in one step: run.json holds the checksums of the history and the model that belong together.
What was written beyond that is cut off when the run goes on.
"""

from support.command_line import RunError, UserError, command_name
from support.files import in_words, put_on_disk, replaced_file, signals_deferred
from support.history import as_csv, read_history
from support.locks import lock_directory
from support.options import fault_options, listening_options, run_options
from support.partitions import partition_settings
from support.run_settings import (
    as_recorded,
    check_command,
    check_settings,
    content_of,
    damaged,
    read_file,
)
from support.typed_words import option_names

import hashlib
import io
import json
import os
import platform
import tempfile
import weakref
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

PACKAGES = ("flwr", "torch", "numpy")
# What run.json says of the last finished round.
FINISHED = {"round": int, "history_bytes": int, "history_sha256": str, "global_model_sha256": str}


def open_record(args, weight_names):
    """Return the record of a new run, or of an interrupted one if `args.resume`.

    When a run is resumed, all settings must be as they were, but for those that say how the server runs.
    """
    settings = as_recorded({**vars(args), "partitions": partition_settings()})
    record = RunRecord(args.run, settings, weight_names)
    may_differ = option_names([run_options(), fault_options(), listening_options()])
    must_match = [name for name in settings if name not in may_differ]
    if not (args.resume and record.resume(must_match)):
        record.prepare()
    return record


class RunRecord:
    """Writes one run's record to `directory`: call `begin` or `resume`, then `add_round` every round.

    `settings` (a JSON-able dict) goes to run.json, `weight_names` name the arrays in global_model.npz.
    """

    def __init__(self, directory, settings, weight_names):
        self.directory = Path(directory)
        self.settings = settings
        self.weight_names = weight_names
        self.last_round = None  # the Round after which an interrupted run goes on,
        self.weights = None  # and its global model, a list of arrays
        self.description = self.directory / "run.json"
        self.history = self.directory / "history.csv"
        self.model = self.directory / "global_model.npz"
        self.unlock = None
        self.made = []  # directories that were not there before
        self.next_model = self.directory / ".global_model.next.npz"

    def prepare(self):
        """Make sure that the directory is there, and ours.

        Raises UserError if it cannot be written to, or if another process writes to it.
        """
        above = [self.directory, *self.directory.parents]
        self.made += [path for path in above if not path.exists()]
        make_run_directory(self.directory)
        if not self.unlock and (descriptor := lock_directory(self.directory)) is not None:
            self.unlock = weakref.finalize(self, os.close, descriptor)

    def begin(self):
        """Start a new record; an earlier one in this directory is replaced.

        Raises UserError as `prepare` does, RunError if the disk does not take it.
        """
        self.prepare()
        if self.history.exists():
            print(f"Replacing the run that is in {self.directory}/; --run names another place")
        try:
            self._commit(finished=None)
        except OSError as error:
            reason = in_words(error, self.directory)
            raise RunError(f"cannot write to {self.directory}: {reason}") from None

    def resume(self, must_match):
        """Make the record ready for the round after the last finished one; return whether there is one.

        If the run was killed before its round 0 was finished, it is to begin anew. Otherwise `last_round` and
        `weights` are those to go on from. Raises UserError, and changes nothing, if there is nothing to go
        on from, if files are damaged, or if the settings named in `must_match` differ.
        """
        finished = self._finished_round(must_match)
        if finished is None:
            return False
        self.prepare()
        size = finished["history_bytes"]
        if _sha256(read_file(self.history)[:size]) != finished["history_sha256"]:
            raise UserError(
                f"{self.history} is damaged; restore it, or start again without --resume"
            )
        model = self._find_model(finished["global_model_sha256"])
        self.weights = self._load_weights(model)
        self.last_round = read_history(self.directory, size)[-1]
        os.truncate(self.history, size)
        os.replace(model, self.model)
        return True

    def close(self):
        """Let others write to the directory, and leave none if nothing was written.

        A record that nobody holds any more lets others write, too.
        """
        for path in self.made:
            with suppress(OSError):  # it is not empty
                path.rmdir()
        if self.unlock:
            self.unlock()
            self.unlock = None

    def add_round(self, row, weights):
        """Append `row` (a Round) to the history and store `weights` (NumPy arrays).

        Raises RunError if the disk does not take them; the last finished round stays what it was.
        """
        buffer = io.BytesIO()
        np.savez(buffer, **dict(zip(self.weight_names, weights, strict=True)))
        try:
            with signals_deferred():
                self._write_round(row, buffer.getvalue())
        except OSError as error:
            raise RunError(
                f"cannot write round {row.round} to {self.directory}: "
                f"{in_words(error, self.directory)}; "
                "mend that and go on with --resume"
            ) from None

    def _write_round(self, row, model):
        self._append(as_csv(row).encode(), anew=row.round == 0)
        with replaced_file(self.next_model) as file:
            file.write(model)
        history = self.history.read_bytes()
        self._commit(
            finished={
                "round": row.round,
                "history_bytes": len(history),
                "history_sha256": _sha256(history),
                "global_model_sha256": _sha256(model),
            }
        )
        os.replace(self.next_model, self.model)

    def _append(self, line, anew):
        """Add a line to the history; if the disk takes only half of it, take that back."""
        size = 0 if anew else self.history.stat().st_size
        try:
            with open(self.history, "wb" if anew else "ab") as file:
                file.write(line)
                put_on_disk(file)
        except OSError:
            with suppress(OSError):
                os.truncate(self.history, size)
            raise

    def _commit(self, finished):
        versions = {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        }
        content = {
            "command": command_name(),
            "settings": self.settings,
            "versions": versions,
            "finished": finished,
        }
        with replaced_file(self.description) as file:
            file.write((json.dumps(content, indent=2) + "\n").encode())

    def _finished_round(self, must_match):
        """Return what run.json says of the last finished round."""
        check_command(self.directory, self.settings)
        check_settings(self.directory, {name: self.settings[name] for name in must_match})
        finished = content_of(self.description)["finished"]
        if finished is None:
            return None
        try:
            return {name: kind(finished[name]) for name, kind in FINISHED.items()}
        except (ValueError, KeyError, TypeError):
            raise damaged(self.description) from None

    def _find_model(self, checksum):
        """Return the file that holds the finished round's model: a crash may have left it unnamed."""
        for path in (self.model, self.next_model):
            if path.is_file() and _sha256(path.read_bytes()) == checksum:
                return path
        raise UserError(f"{self.model} is damaged; restore it, or start again without --resume")

    def _load_weights(self, path):
        with np.load(path, allow_pickle=False) as file:
            if file.files != self.weight_names:
                raise UserError(
                    f"{path} holds another model than model.py's; start without --resume"
                )
            return [file[name] for name in self.weight_names]


def make_run_directory(directory, option="--run"):
    """Make `directory`, which `option` names, if need be, and return its Path.

    Raises UserError if it cannot be written to.
    """
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return Path(directory)
    except OSError as error:
        raise UserError(
            f"cannot write to {directory}: {in_words(error, directory)}; choose another {option}"
        ) from None


def last_commit(directory):
    """Return what changes with every round that is recorded in `directory`; None if nothing ever was."""
    description = Path(directory, "run.json")
    return description.stat().st_mtime_ns if description.exists() else None


def last_recorded_round(directory):
    """Return the number of the last finished round in `directory`, 0 being the untrained model, or None."""
    finished = content_of(Path(directory, "run.json"))["finished"]
    return finished["round"] if finished else None


def _sha256(content):
    return hashlib.sha256(content).hexdigest()
