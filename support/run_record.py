"""The record of a run on disk: state.zip, and beside it the three files that are in it.

state.zip is replaced in one step when a round is finished, so it is whole, whatever ends the run. It holds
the settings in run.json, the rounds in history.csv, the weights in global_model.npz. The same files beside it
are for people and for other programs; --resume writes them again.
"""

import io
import json
import platform
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import astuple
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np

from support.command_line import RunError, UserError, command_name, command_words
from support.files import in_words, replaced_file
from support.options import fault_options, listening_options, run_options
from support.partitions import partition_settings
from support.run_settings import (
    DESCRIPTION,
    HISTORY,
    MODEL,
    STATE,
    as_recorded,
    check_settings,
    locked_run,
    read_state,
)
from support.signals import signals_deferred
from support.tables import Round, as_csv, columns_of, rounds_in
from support.typed_words import option_names

PACKAGES = ("flwr", "torch", "numpy")


@contextmanager
def open_record(args, state):
    """Yield the RunRecord of a new run, or of an interrupted one if `args.resume`; `state` is the state_dict.

    When a run is resumed, all settings must be as they were, but for those that say how the server runs.
    Raises UserError as `own_directory` and `RunRecord.resume` do.
    """
    settings = as_recorded({**vars(args), "partitions": partition_settings()})
    may_differ = option_names([run_options(), fault_options(), listening_options()])
    with own_directory(args.run):
        record = RunRecord(args.run, settings, state)
        if args.resume:
            record.resume([name for name in settings if name not in may_differ])
        yield record


@contextmanager
def own_directory(directory):
    """Keep `directory` for this process during the block; leave none that was not there and is empty.

    Raises UserError if it cannot be written to, or if another process writes to it.
    """
    directory = Path(directory)
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        make_run_directory(directory)
        with locked_run(directory):
            yield
    finally:
        with suppress(OSError):
            for path in missing:
                path.rmdir()


class RunRecord:
    """Writes a run's record to `directory`: call `begin` or `resume`, then `add_round` every round.

    `settings` (a JSON-able dict) goes to run.json. `state`, a model's state_dict, has the names and shapes of
    the arrays in global_model.npz.
    """

    def __init__(self, directory, settings, state):
        self.directory = Path(directory)
        self.settings = settings
        self.names = list(state)
        self.shapes = [tuple(tensor.shape) for tensor in state.values()]
        self.last_round = None  # the Round after which an interrupted run goes on, if there is one,
        self.weights = None  # and its global model, a list of arrays
        self.rounds = []  # what is in the state: a list of Round,
        self.files = {}  # and all of it as {name: content}

    def begin(self):
        """Start a new record; an earlier one in this directory is replaced.

        Raises UserError if the directory cannot be written to, RunError if the disk does not take the record.
        """
        make_run_directory(self.directory)
        if (self.directory / HISTORY).exists():
            print(f"Replacing the run that is in {self.directory}/; --run names another place")
        self._save({DESCRIPTION: self._description()})

    def resume(self, must_match):
        """Make the record ready for the round after the last finished one.

        A run that was killed before its round 0 was finished is to begin again. Otherwise `last_round` and
        `weights` are those to go on from. Raises UserError, and changes nothing, if there is nothing to go on
        from, if it is damaged, or if the settings named in `must_match` differ.
        """
        made_with, command, files = read_state(self.directory)
        if made_with.keys() != self.settings.keys():
            server = command_words(command)
            # federation.py starts its server under the server's own name.
            raise UserError(
                f"{self.directory} was made by another command; resume it with {server}, "
                f"or with {server.replace('server', 'federation')}"
            )
        check_settings(self.directory, {name: self.settings[name] for name in must_match})
        if MODEL in files:
            self.weights = self._weights_in(files[MODEL])
            self.rounds = rounds_in(files[HISTORY], self.directory / STATE)
            self.last_round = self.rounds[-1]
            self._write_out(files)

    def add_round(self, row, weights):
        """Add `row` (a Round) to the history and store `weights` (NumPy arrays).

        Raises RunError if the disk does not take them; the last finished round stays what it was.
        """
        self.rounds.append(row)
        model = io.BytesIO()
        np.savez(model, **dict(zip(self.names, weights, strict=True)))
        self._save(
            {
                DESCRIPTION: self._description(),
                HISTORY: as_csv(columns_of(Round), map(astuple, self.rounds)),
                MODEL: model.getvalue(),
            }
        )

    def _save(self, files):
        """Make `files` the state, in one step: the round is finished after it, and not before."""
        try:
            with signals_deferred():
                with replaced_file(self.directory / STATE) as file, ZipFile(file, "w") as state:
                    for name, content in files.items():
                        state.writestr(ZipInfo(name), content)
                self._write_out(files)
        except OSError as error:
            reason = in_words(error, self.directory)
            advice = "; mend that and go on with --resume" if len(self.rounds) > 1 else ""
            raise RunError(f"cannot write to {self.directory}: {reason}{advice}") from None

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
            weights = [file[name] for name in file.files]
            if file.files != self.names or [array.shape for array in weights] != self.shapes:
                raise UserError(
                    f"{self.directory} holds another model than model.py's; start without --resume"
                )
            return weights


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
