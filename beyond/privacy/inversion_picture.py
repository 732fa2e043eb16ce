"""The grid of chapter 7: original above reconstruction, the rank beneath, a pair of rows for every case."""

from support.figures import new_figure, save_figure

COLUMNS = 8


def draw(cases, path):
    """Draw lists of Results (see invert_update.py), one for every case, into the PNG file `path`."""
    figure, panels = new_figure(2 * len(cases), COLUMNS, figsize=(7.6, 2.25 * len(cases)))
    for axes in panels.flat:
        axes.axis("off")
    for number, results in enumerate(cases):
        originals, guesses = panels[2 * number], panels[2 * number + 1]
        originals[0].set_title(
            f"{number + 1}. {results[0].case}", fontsize=10, loc="left", weight="bold"
        )
        for result, above, below in zip(results, originals, guesses, strict=False):
            show(above, result.image / 127.5 - 1)
            show(below, result.reconstruction)
            below.set_title(caption(result), fontsize=7.5, y=-0.32)
    save_figure(figure, path, option="--output")


def caption(result):
    """Return rank and PSNR in a few words."""
    return f"rank {result.rank:,}\n{result.psnr:.0f} dB"


def show(axes, image):
    """Draw floats -1..1 (28, 28), dark on light, as ink on paper."""
    axes.imshow(-image, cmap="gray", vmin=-1, vmax=1)
