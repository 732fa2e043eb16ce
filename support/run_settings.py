"""What a run was made with, as its run.json says, and whether these settings may go on with it."""

from support.command_line import UserError, command_words
from support.files import in_words

import json
from pathlib import Path


def as_recorded(settings):
    """Return `settings` as run.json has them: a tuple is a list there, a path or a function its name."""
    return json.loads(
        json.dumps(settings, default=lambda value: getattr(value, "__name__", str(value)))
    )


def check_settings(directory, settings):
    """Raise UserError if the run in `directory` was made with other settings than these, or is none."""
    made_with = content_of(Path(directory, "run.json"))["settings"]
    for name, value in settings.items():
        if name not in made_with or made_with[name] != value:
            raise UserError(f"{directory} was made {_with_setting(name, made_with.get(name))}")


def check_command(directory, settings):
    """Raise UserError if the run in `directory` was made by a command that has other settings."""
    content = content_of(Path(directory, "run.json"))
    if content["settings"].keys() == settings.keys():
        return
    if not isinstance(content.get("command"), str):
        raise damaged(Path(directory, "run.json"))
    server = command_words(content["command"])
    # federation.py starts its server under the server's own name.
    raise UserError(
        f"{directory} was made by another command; resume it with {server}, "
        f"or with {server.replace('server', 'federation')}"
    )


def content_of(description):
    """Return what the file run.json holds; raise UserError if there is none, or if it is damaged."""
    try:
        content = json.loads(read_file(description))
        if isinstance(content["settings"], dict) and "finished" in content:
            return content
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise damaged(description)


def damaged(description):
    """Return the UserError about a run.json that cannot be what it was."""
    return UserError(f"{description} is damaged; start again without --resume")


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


def read_file(path):
    """Return the bytes of a run's file; raise UserError if there is none."""
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {in_words(error, path)}") from None
    except OSError:
        raise UserError(
            f"cannot read {path}: no run to resume; start one without --resume"
        ) from None
