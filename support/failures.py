"""What went wrong, and where, in one line: a network of the reader's own may raise anything, anywhere."""

import sysconfig
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = Path(sysconfig.get_path("stdlib")).resolve()
ADVICE = "see README.md: Your own model, your own data"


def describe(error):
    """Return an exception as "KeyError: 'x' (model.py, line 12)".

    The line is the last one of this repository in its traceback. If model.py is there, where readers put a
    network of their own, advice follows.
    """
    words = " ".join(str(error).split())
    name = type(error).__name__
    where = _place(traceback.extract_tb(error.__traceback__))
    line = f"{name}: {words}{where}" if words else f"{name}{where}"
    return f"{line}; {ADVICE}" if is_the_models(error) else line


def is_the_models(error):
    """Return whether model.py is in the traceback of an exception."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(Path(frame.filename).resolve() == ROOT / "model.py" for frame in frames)


def explain(what, error):
    """Return one line about an exception; `what` says what could not be done because of it."""
    return f"{'the model ' if is_the_models(error) else ''}cannot {what}: {describe(error)}"


def _place(frames):
    ours = [frame for frame in frames if _is_ours(Path(frame.filename).resolve())]
    if not ours:
        return ""
    file = Path(ours[-1].filename).resolve().relative_to(ROOT)
    return f" ({file.as_posix()}, line {ours[-1].lineno})"


def _is_ours(file):
    is_library = "site-packages" in file.parts or file.is_relative_to(LIBRARIES)
    return file.is_relative_to(ROOT) and not is_library
