"""The strip of defences: more noise from left to right, and beneath it what attacker and model keep."""

from beyond.attacks.plots import head, hide_frame, show
from beyond.attacks.training_images import CLIENTS
from beyond.defences.defended_updates import PICTURES, SINGLES
from support.figures import new_figure, save_figure


def draw(levels, ten, path):
    """Draw Levels above the images of a Sum (see defended_updates.py) into the PNG file `path`."""
    columns = max(len(levels) + 1, len(ten.images))
    figure, panels = new_figure(PICTURES + 2, columns, figsize=(7.6, 5.9))
    for axes in panels.flat:
        hide_frame(axes)
    draw_levels(levels, panels[:PICTURES])
    above, below = panels[PICTURES:]
    head(above[0], "The sum of ten one-image updates: what is in it, and what comes out")
    for number, image in enumerate(ten.images):
        show(above[number], image / 127.5 - 1)
        show(below[number], ten.reconstructions[number])
        below[number].set_xlabel(f"rank {ten.ranks[number]:,}", fontsize=7)
    save_figure(figure, path, option="--output")


def draw_levels(levels, panels):
    """Draw a row for every image, a column for every amount of noise, the images themselves first."""
    panels[0][0].set_title("noise z:", fontsize=9)
    for row, line in enumerate(panels):
        show(line[0], levels[0].images[row] / 127.5 - 1)
        line[0].set_xlabel("rank", fontsize=7)
        for axes, level in zip(line[1:], levels, strict=False):
            show(axes, level.reconstructions[row])
            axes.set_xlabel(f"{level.ranks[row]:,}", fontsize=7)
    for axes, level in zip(panels[0][1:], levels, strict=False):
        axes.set_title(f"{level.noise:g}", fontsize=9)
    panels[-1][0].set_xlabel("rank\n\nlabels read\ndigits read\naccuracy", fontsize=7)
    for axes, level in zip(panels[-1][1:], levels, strict=False):
        axes.set_xlabel(f"{level.ranks[-1]:,}\n\n{summary(level)}", fontsize=7)


def summary(level):
    """Return what stands beneath a column, in the order of the first one."""
    kept = "unknown" if level.accuracy is None else f"{100 * level.accuracy:.0f} %"
    return f"{level.labels} of {CLIENTS * SINGLES}\n{level.digits} of {CLIENTS}\n{kept}"
