"""The grid of inversions: original above reconstruction, the rank beneath, a pair of rows for every case."""

from support.figures import new_figure, save_figure

COLUMNS = 8


def draw(cases, path):
    """Draw lists of Results (see inversion_cases.py), one for every case, into the PNG file `path`."""
    figure, panels = new_figure(2 * len(cases), COLUMNS, figsize=(7.6, 2.4 * len(cases)))
    for axes in panels.flat:
        hide_frame(axes)
    for number, results in enumerate(cases):
        originals, guesses = panels[2 * number], panels[2 * number + 1]
        head(originals[0], f"{number + 1}. {results[0].case}")
        for result, above, below in zip(results, originals, guesses, strict=False):
            show(above, result.image / 127.5 - 1)
            show(below, result.reconstruction)
            below.set_xlabel(f"rank {result.rank:,}\n{result.psnr:.0f} dB", fontsize=8)
    save_figure(figure, path, option="--output")


def head(axes, text):
    """Write a headline above `axes` that may be wider than they are."""
    axes.set_title(" ", fontsize=10)  # makes room
    line = axes.text(0, 1.1, text, transform=axes.transAxes, fontsize=10, weight="bold")
    line.set_in_layout(False)


def hide_frame(axes):
    """Leave nothing of `axes` but what is drawn in them, and the label beneath."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def show(axes, image):
    """Draw floats -1..1 (28, 28), dark on light, as ink on paper."""
    axes.imshow(-image, cmap="gray", vmin=-1, vmax=1)
