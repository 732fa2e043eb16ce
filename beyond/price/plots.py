"""The picture of the price: accuracy against epsilon, and what there is without noise."""

import math
import statistics

from beyond.price.grid import DELTAS, EPSILONS, SCHEMES, searched_epsilon
from support.figures import new_figure

TITLES = {"shards": "Two digits a client", "iid": "IID: all digits at every client"}
EDGES, CLIPPED, FREE, CNN, LOCAL = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": "--", "linewidth": 1, "marker": "none", "alpha": 0.8},
    {"linestyle": "none", "marker": "_", "markersize": 14, "markeredgewidth": 2},
    {"linestyle": "none", "marker": "o", "markerfacecolor": "white"},
    {"linestyle": "none", "marker": "x"},
)
NAMES = (
    (EDGES, "edges and one layer"),
    (CLIPPED, "the same clip, no noise"),
    (FREE, "neither clip nor noise"),
    (CNN, "CNN, ε = 8"),
    (LOCAL, "edges, local DP, ε = 8"),
)
NONE = 20.0  # where on the axis no guarantee stands
STYLES = {1000: ("C0", "o"), 100: ("C1", "s"), 10: ("C3", "^")}


def draw(rows):
    """Return the figure of `rows` of price.csv: a panel for each scheme, a line for each number of clients.

    Lines go through the means of the seeds, bars reach from the lowest to the highest. Dashed lines have the
    clip and rounds of their epsilon and no noise, so that what the clip costs and what the noise costs can be
    told apart.
    """
    figure, [panels] = new_figure(1, 2, figsize=(7.6, 4.4))
    for scheme, axes in zip(SCHEMES, panels, strict=True):
        for clients in STYLES:
            mine = [row for row in rows if (row["scheme"], row["clients"]) == (scheme, clients)]
            _draw_clients(axes, mine, clients)
        _prepare(axes, TITLES[scheme])
    for style, name in NAMES:
        panels[0].plot([], [], color="0.3", label=name, **style)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _draw_clients(axes, rows, clients):
    """Draw what one number of clients reaches: lines, and a little to their right the CNN and local DP."""
    color, marker = STYLES[clients]
    own = {"color": color, "marker": marker}
    line = [(epsilon, _accuracies(rows, "edges", "central", epsilon)) for epsilon in EPSILONS]
    _draw(axes, line, **(EDGES | own), label=f"{clients:,} clients, δ = {_power(DELTAS[clients])}")
    clipped = [
        (epsilon, _accuracies(rows, "edges", "none", searched_epsilon(clients, epsilon)))
        for epsilon in EPSILONS
    ]
    _draw(axes, clipped, bars=False, **(CLIPPED | {"color": color}))
    free = [(NONE, _accuracies(rows, "edges", "none", math.inf))]
    _draw(axes, free, **(FREE | {"color": color}))
    cnn = [(8.0 * 1.13, _accuracies(rows, "cnn", "central", 8.0))]
    _draw(axes, cnn, **(CNN | own))
    local = [(8.0 * 1.27, _accuracies(rows, "edges", "local", 8.0))]
    _draw(axes, local, **(LOCAL | {"color": color}))


def _prepare(axes, title):
    """Give a panel its title, scales and labels, and a dotted line where guessing would be."""
    axes.set_title(title, fontsize=10)
    axes.set_xscale("log", base=2)
    names = [f"{epsilon:g}" for epsilon in EPSILONS]
    axes.set_xticks([*EPSILONS, NONE], [*names, "none"])
    axes.set_xlabel("ε (add or remove one client)")
    axes.set_ylabel("Test accuracy (%)")
    axes.set_ylim(0, 100)
    axes.axhline(10, color="0.6", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.3)


def _accuracies(rows, network, privacy, epsilon):
    """Return the accuracies of all seeds, in percent."""
    wanted = (network, privacy, epsilon)
    return [
        100 * row["accuracy"]
        for row in rows
        if (row["network"], row["privacy"], row["epsilon"]) == wanted
    ]


def _draw(axes, line, bars=True, **style):
    """Draw [(epsilon, accuracies), ...], as far as there are any."""
    line = [(epsilon, found) for epsilon, found in line if found]
    if not line:
        return
    means = [statistics.mean(found) for _, found in line]
    below = [mean - min(found) for mean, (_, found) in zip(means, line, strict=True)]
    above = [max(found) - mean for mean, (_, found) in zip(means, line, strict=True)]
    along = [epsilon for epsilon, _ in line]
    spread = (below, above) if bars else None
    axes.errorbar(along, means, yerr=spread, **({"capsize": 2.5, "markersize": 5} | style))


def _power(number):
    """Return 0.01 as 10⁻², and so on."""
    return {1e-2: "10⁻²", 1e-3: "10⁻³", 1e-5: "10⁻⁵"}[number]
