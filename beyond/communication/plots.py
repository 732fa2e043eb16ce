"""The pictures of the comparison, drawn from comparison.csv."""

from pathlib import Path

from beyond.communication.grid import WORK, WORK_SCHEMES
from beyond.heterogeneity.plot_runs import draw_band
from beyond.heterogeneity.results import STRATEGIES, curves
from support.figures import new_figure, save_figure

TITLES = {
    "iid": "IID: every client's data look alike",
    "dirichlet": "Dirichlet 0.1: skewed",
    "shards": "Shards: two to four digits each",
}


def draw_pictures(rows, directory):
    """Draw the pictures whose runs are in `rows` (see results.py) to `directory`; return the files' names."""
    drawn = []
    for name, draw in {
        "baselines.png": draw_baselines,
        "strategies.png": draw_strategies,
        "work.png": draw_work,
    }.items():
        if figure := draw(rows):
            save_figure(figure, Path(directory, name), option="--output")
            drawn.append(name)
    return drawn


def draw_baselines(rows):
    """Return the figure of federated, pooled and lone training, or None if runs are missing."""
    schemes = [scheme for scheme in TITLES if curves(rows, scheme=scheme, method="alone")]
    pooled = curves(rows, method="pooled")
    if not schemes or not pooled:
        return None
    figure, panels = _panels(schemes, "Passes over the images")
    for scheme, axes in zip(schemes, panels, strict=True):
        alone = curves(rows, scheme=scheme, method="alone")
        federated = curves(rows, scheme=scheme, part="strategies", method="FedAvg")
        for curve in alone:
            axes.plot(*_points(curve, "passes"), color="0.6", linewidth=0.6, alpha=0.5)
        _band(axes, pooled, "passes", "all data in one place", color="C2", linestyle="--")
        if federated:
            _band(axes, federated, "passes", "federated (FedAvg)", color="C0", marker="o")
        _band(axes, alone, "passes", "a client alone (median)", color="0.35", linestyle=":")
        axes.legend(loc="lower right" if scheme == "iid" else "center right", fontsize=9)
    return figure


def draw_strategies(rows):
    """Return the figure of all strategies, or None if there are no such runs."""
    schemes = [scheme for scheme in TITLES if curves(rows, scheme=scheme, part="strategies")]
    if not schemes:
        return None
    figure, panels = _panels(schemes, "Round")
    for scheme, axes in zip(schemes, panels, strict=True):
        for number, (strategy, marker) in enumerate(zip(STRATEGIES, "os^Dv", strict=True)):
            found = curves(rows, scheme=scheme, part="strategies", method=strategy)
            if found:
                _band(axes, found, "round", strategy, color=f"C{number}", marker=marker)
        axes.legend(loc="lower right", fontsize=9)
    return figure


def draw_work(rows):
    """Return the figure of accuracy against rounds and against bytes, or None if there are no such runs."""
    schemes = [scheme for scheme in WORK_SCHEMES if curves(rows, scheme=scheme, part="work")]
    if not schemes:
        return None
    figure, panels = new_figure(len(schemes), 2, figsize=(9, 3.8 * len(schemes)))
    for scheme, line in zip(schemes, panels, strict=True):
        for what, label, axes in zip(("round", "bytes"), ("Round", "MB moved"), line, strict=True):
            for number, ((epochs, fraction), marker) in enumerate(
                zip([(1, 1.0), *WORK], "os^D", strict=True)
            ):
                work = {"method": "FedAvg", "local_epochs": epochs, "fraction_fit": fraction}
                if found := curves(rows, scheme=scheme, **work):
                    name = f"E = {epochs}, C = {fraction:g}"
                    _band(axes, found, what, name, color=f"C{number}", marker=marker)
            _label(axes, scheme, label)
            axes.legend(loc="lower right", fontsize=8)
        line[0].xaxis.get_major_locator().set_params(integer=True)
    return figure


def _panels(schemes, xlabel):
    figure, panels = new_figure(1, len(schemes), figsize=(3.7 * len(schemes), 3.7))
    for scheme, axes in zip(schemes, panels[0], strict=True):
        _label(axes, scheme, xlabel)
    return figure, panels[0]


def _label(axes, scheme, xlabel):
    """Set title and axes. With IID data all that matters is above 90 %, and the axis begins there."""
    axes.set_title(TITLES[scheme], fontsize=10)
    axes.set_xlabel(xlabel)
    axes.set_ylim(90 if scheme == "iid" else 0, 100)
    axes.set_ylabel("Test accuracy (%)" + (", from 90 % up" if scheme == "iid" else ""))
    axes.grid(alpha=0.3)


def _points(curve, what):
    scale = 1e6 if what == "bytes" else 1
    return [row[what] / scale for row in curve], [100 * row["accuracy"] for row in curve]


def _band(axes, found, what, label, **style):
    """Draw the curves `found` as their median in a band."""
    along = _points(found[0], what)[0]
    values = list(zip(*(_points(curve, what)[1] for curve in found), strict=True))
    draw_band(axes, along, values, label=label, markersize=3.5, **style)
