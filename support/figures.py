"""Pictures drawn into memory, which needs no screen."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from support.command_line import UserError
from support.files import in_words, replaced_file


def new_figure(rows=1, columns=1, **style):
    """Return a matplotlib Figure and its axes in an array (rows, columns).

    Without pyplot, so that a notebook that runs us keeps its own way of showing figures.
    """
    figure = load_matplotlib()(layout="constrained", **style)
    return figure, figure.subplots(rows, columns, squeeze=False)


def load_matplotlib():
    """Return matplotlib's class Figure; the first call takes a second, because it imports.

    MPLBACKEND does not matter: a notebook's may name what is not installed here.
    """
    backend = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    import matplotlib  # waits for another thread that is importing it
    from matplotlib.figure import Figure

    if backend is not None:
        os.environ["MPLBACKEND"] = backend
        with suppress(ValueError):  # it is none; if it is one, the notebook's own figures need it
            matplotlib.rcParams["backend"] = backend
    return Figure


def plain_text(name):
    """Return a directory's name as matplotlib can print it.

    $ would begin a formula, _ hide a label, and characters that no font here has would be boxes.
    """
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    known = font.get_charmap()
    shown = "".join(c if ord(c) in known else c.encode("unicode_escape").decode() for c in name)
    return (" " if shown.startswith("_") else "") + shown.replace("$", r"\$")


def check_picture(path, option):
    """Raise UserError if `path` cannot be a PNG file that we write; `option` is what names another one."""
    path = Path(path)
    if path.suffix.lower() not in ("", ".png"):
        raise UserError(f"{path} would hold a PNG picture; choose an {option} that ends in .png")


def save_figure(figure, path, option):
    """Write a matplotlib figure to the PNG file `path`; raise UserError if `option` has to name another."""
    check_picture(path, option)
    try:
        with replaced_file(path) as file:
            figure.savefig(file, format="png", dpi=150)
    except OSError as error:
        reason = in_words(error, path)
        raise UserError(f"cannot write {path}: {reason}; choose another {option}") from None
