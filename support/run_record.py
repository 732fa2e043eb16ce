"""The record of a run on disk: state.zip, and beside it the three files that are in it.

state.zip is replaced in one step when a round is finished. It holds what belongs together: the settings in
run.json, the rounds in history.csv, the weights in global_model.npz. So it is whole, whatever ends the run.
The same files beside it are for people and for other programs; --resume writes them again.
"""

import io
import json
import platform
import tempfile
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np

from support.command_line import RunError, UserError, command_name
from support.files import in_words, replaced_file
from support.history import history_of, rounds_in
from support.options import fault_options, listening_options, run_options
from support.partitions import partition_settings
from support.run_settings import (
    DESCRIPTION,
    HISTORY,
    MODEL,
    STATE,
    as_recorded,
    check_command,
    check_settings,
    locked_run,
    read_state,
)
from support.signals import signals_deferred
from support.typed_words import option_names

PACKAGES = ("flwr", "torch", "numpy")


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
        self.rounds = []  # what is in the state: a list of Round,
        self.files = {}  # and all of it as {name: content}
        self.held = None  # the directory, while it is ours

    def prepare(self):
        """Make sure that the directory is there, and ours until `close`, or until nothing refers to us.

        Raises UserError if it cannot be written to, or if another process writes to it.
        """
        if self.held:
            return
        held = ExitStack()
        for path in [*reversed(self.directory.parents), self.directory]:
            if not path.exists():
                held.callback(_remove_if_empty, path)
        make_run_directory(self.directory)
        held.enter_context(locked_run(self.directory))
        self.held = held

    def close(self):
        """Let others write to the directory, and leave none if nothing was written."""
        if self.held:
            self.held.close()
            self.held = None

    def begin(self):
        """Start a new record; an earlier one in this directory is replaced.

        Raises UserError as `prepare` does, RunError if the disk does not take it.
        """
        self.prepare()
        if (self.directory / HISTORY).exists():
            print(f"Replacing the run that is in {self.directory}/; --run names another place")
        try:
            self._save({DESCRIPTION: self._description()})
        except OSError as error:
            reason = in_words(error, self.directory)
            raise RunError(f"cannot write to {self.directory}: {reason}") from None

    def resume(self, must_match):
        """Make the record ready for the round after the last finished one; return whether there is one.

        A run that was killed before its round 0 was finished is to begin again. Otherwise `last_round` and
        `weights` are those to go on from. Raises UserError, and changes nothing, if there is nothing to go on
        from, if it is damaged, or if the settings named in `must_match` differ.
        """
        check_command(self.directory, self.settings)
        check_settings(self.directory, {name: self.settings[name] for name in must_match})
        files = read_state(self.directory)
        if MODEL not in files:
            return False
        self.weights = self._weights_in(files[MODEL])
        self.prepare()
        self.rounds = rounds_in(files[HISTORY], self.directory / STATE)
        self.last_round = self.rounds[-1]
        self._write_out(files)
        return True

    def add_round(self, row, weights):
        """Add `row` (a Round) to the history and store `weights` (NumPy arrays).

        Raises RunError if the disk does not take them; the last finished round stays what it was.
        """
        model = io.BytesIO()
        np.savez(model, **dict(zip(self.weight_names, weights, strict=True)))
        rounds = [*self.rounds[: row.round], row]
        files = {
            DESCRIPTION: self._description(),
            HISTORY: history_of(rounds),
            MODEL: model.getvalue(),
        }
        try:
            self._save(files)
            self.rounds = rounds
        except OSError as error:
            raise RunError(
                f"cannot write round {row.round} to {self.directory}: "
                f"{in_words(error, self.directory)}; "
                "mend that and go on with --resume"
            ) from None

    def _save(self, files):
        """Make `files` the state, in one step: the round is finished after it, and not before."""
        with signals_deferred():
            with replaced_file(self.directory / STATE) as file, ZipFile(file, "w") as state:
                for name, content in files.items():
                    state.writestr(ZipInfo(name), content)
            self._write_out(files)

    def _write_out(self, files):
        """Write those files beside the state that are not there yet as they are in it."""
        for name, content in files.items():
            if content != self.files.get(name):
                with replaced_file(self.directory / name, is_lasting=False) as file:
                    file.write(content)
        self.files = files

    def _description(self):
        packages = {name: version(name) for name in PACKAGES}
        content = {
            "command": command_name(),
            "settings": self.settings,
            "versions": {"python": platform.python_version(), **packages},
        }
        return (json.dumps(content, indent=2) + "\n").encode()

    def _weights_in(self, model):
        with np.load(io.BytesIO(model), allow_pickle=False) as file:
            if file.files != self.weight_names:
                raise UserError(
                    f"{self.directory} holds another model than model.py's; start without --resume"
                )
            return [file[name] for name in self.weight_names]


def _remove_if_empty(directory):
    with suppress(OSError):
        directory.rmdir()


def make_run_directory(directory, option="--run"):
    """Return the Path of `directory`, made if need be; raise UserError if `option` has to name another."""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return Path(directory)
    except OSError as error:
        raise UserError(
            f"cannot write to {directory}: {in_words(error, directory)}; choose another {option}"
        ) from None
