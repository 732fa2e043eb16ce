"""The strip of chapter 7: more noise from left to right, and beneath it what that leaves to whom."""

from support.figures import new_figure, save_figure

from beyond.privacy.cases import CLIENTS
from beyond.privacy.inversion_picture import show


def draw(levels, ten, path):
    """Draw Levels above the images of a Sum (see defences.py) into the PNG file `path`."""
    columns = max(len(levels), len(ten.images))
    figure, panels = new_figure(3, columns, figsize=(7.6, 4.3), height_ratios=[1.7, 1, 1])
    for axes in panels.flat:
        axes.axis("off")
    for axes, level in zip(panels[0], levels, strict=False):
        show(axes, level.reconstruction)
        axes.set_title(f"z = {level.noise:g}", fontsize=8)
        axes.text(
            0.5, -0.08, below(level), transform=axes.transAxes, ha="center", va="top", fontsize=7
        )
    for number, axes in enumerate(panels[1][: len(ten.images)]):
        show(axes, ten.images[number] / 127.5 - 1)
        show(panels[2][number], ten.reconstructions[number])
        panels[2][number].set_title(f"rank {ten.ranks[number]:,}", fontsize=7, y=-0.3)
    panels[1][0].set_title("From the sum of ten clients", fontsize=8, loc="left")
    save_figure(figure, path, option="--output")


def below(level):
    """Return what stands beneath a reconstruction."""
    kept = "" if level.accuracy is None else f"\n{100 * level.accuracy:.1f} %"
    return f"{level.rank:,}\n{level.labels}\n{level.digits} of {CLIENTS}{kept}"
