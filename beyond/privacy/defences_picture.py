"""The strip of chapter 7: more noise from left to right, and beneath it what that leaves to whom."""

from support.figures import new_figure, save_figure

from beyond.privacy.cases import CLIENTS
from beyond.privacy.inversion_picture import head, hide_frame, show
from beyond.privacy.trial import SINGLES


def draw(levels, ten, path):
    """Draw Levels above the images of a Sum (see trial.py) into the PNG file `path`."""
    columns = max(len(levels) + 1, len(ten.images))
    figure, panels = new_figure(3, columns, figsize=(7.6, 3.8))
    for axes in panels.flat:
        hide_frame(axes)
    head(panels[0][0], "One clipped update with noise")
    show(panels[0][0], levels[0].image / 127.5 - 1)
    panels[0][0].set_xlabel("noise z\nrank\nlabels read\ndigits read\naccuracy", fontsize=7)
    for axes, level in zip(panels[0][1:], levels, strict=False):
        show(axes, level.reconstruction)
        axes.set_xlabel(below(level), fontsize=7)
    head(panels[1][0], "The sum of ten one-image updates: what is in it, and what comes out")
    for number, image in enumerate(ten.images):
        show(panels[1][number], image / 127.5 - 1)
        show(panels[2][number], ten.reconstructions[number])
        panels[2][number].set_xlabel(f"rank {ten.ranks[number]:,}", fontsize=7)
    save_figure(figure, path, option="--output")


def below(level):
    """Return what stands beneath a reconstruction, in the order of the first column."""
    kept = "unknown" if level.accuracy is None else f"{100 * level.accuracy:.0f} %"
    read = f"{level.labels} of {CLIENTS * SINGLES}\n{level.digits} of {CLIENTS}"
    return f"{level.noise:g}\n{level.rank:,}\n{read}\n{kept}"
