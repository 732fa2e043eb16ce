"""A run on disk: who writes to it, how far it has come, what it was made with, and what may go on with it."""

import io
import json
from pathlib import Path
from zipfile import ZipFile

from support.command_line import UserError, command_words
from support.files import in_words, locked
from support.history import rounds_in

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


def read_state(directory):
    """Return what the state of the run in `directory` holds: {name: content}.

    A run whose round 0 is not finished has a DESCRIPTION only. Raises UserError if there is no state, or if
    it is damaged: every file in a ZIP archive has a checksum.
    """
    path = Path(directory, STATE)
    content = _content_of(path)
    try:
        with ZipFile(io.BytesIO(content)) as state:
            files = {name: state.read(name) for name in state.namelist()}
    except Exception:  # damaged bytes make zipfile raise almost anything
        raise _damaged(path) from None
    if set(files) not in ({DESCRIPTION}, {DESCRIPTION, HISTORY, MODEL}):
        raise _damaged(path)
    return files


def last_commit(directory):
    """Return what changes with every round that is recorded in `directory`; None if nothing ever was."""
    state = Path(directory, STATE)
    return state.stat().st_mtime_ns if state.exists() else None


def last_recorded_round(directory):
    """Return the number of the last finished round in `directory`, 0 being the untrained model, or None."""
    history = read_state(directory).get(HISTORY)
    return rounds_in(history, Path(directory, STATE))[-1].round if history else None


def settings_of(run):
    """Return the settings in the run.json of a run; raise UserError if it is damaged, or not there."""
    path = Path(run, DESCRIPTION)
    return _parsed(_content_of(path), path)["settings"]


def as_recorded(settings):
    """Return `settings` as run.json has them: a tuple is a list there, a path or a function its name."""
    return json.loads(
        json.dumps(settings, default=lambda value: getattr(value, "__name__", str(value)))
    )


def check_settings(directory, settings):
    """Raise UserError if the run in `directory` was made with other settings than these, or is none."""
    made_with = _description_of(directory)["settings"]
    for name, value in settings.items():
        if name not in made_with or made_with[name] != value:
            raise UserError(f"{directory} was made {_with_setting(name, made_with.get(name))}")


def check_command(directory, settings):
    """Raise UserError if the run in `directory` was made by a command that has other settings."""
    description = _description_of(directory)
    if description["settings"].keys() == settings.keys():
        return
    command = description.get("command")
    if not isinstance(command, str):
        raise _damaged(Path(directory, STATE))
    server = command_words(command)
    # federation.py starts its server under the server's own name.
    raise UserError(
        f"{directory} was made by another command; resume it with {server}, "
        f"or with {server.replace('server', 'federation')}"
    )


def _description_of(directory):
    return _parsed(read_state(directory)[DESCRIPTION], Path(directory, STATE))


def _parsed(content, path):
    """Return the run.json in `content`, which `path` holds; raise UserError if it is none."""
    try:
        description = json.loads(content)
        if isinstance(description["settings"], dict):
            return description
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise _damaged(path)


def _damaged(path):
    return UserError(f"{path} is damaged; restore it, or start again without --resume")


def _content_of(path):
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {in_words(error, path)}") from None
    except OSError:
        raise UserError(
            f"cannot read {path}: no run to resume; start one without --resume"
        ) from None


def _with_setting(name, value):
    """Say how a run was made, and what to do in order to go on with it."""
    option = f"--{name.replace('_', '-')}"
    if name == "partitions":
        return f"with other partitions, {_origin(value)}; resume it with the same"
    if value is None:
        return f"without {option}; resume it without"
    if isinstance(value, bool):  # --no-x, too, may be what switches it
        return f"{'with' if value else 'without'} {option}; resume it in the same way"
    value = " ".join(map(str, value)) if isinstance(value, list) else value
    return f"with {option} {value}; resume it with the same"


def _origin(partitions):
    """Say where partitions have come from: what partitions/settings.json held, or None."""
    if not isinstance(partitions, dict):
        return "somebody's own"
    words = " ".join(f"--{key} {value}" for key, value in partitions.items())
    return f"those of python partition.py {words}"
