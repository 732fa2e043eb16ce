"""The picture of what clients cost: seconds a round and memory, for processes and for the simulation."""

from support.figures import new_figure

STYLES = {
    "processes": ("C0", "o", "-", "a process for every client"),
    "simulation": ("C1", "s", "--", "simulation"),
}
PANELS = (("seconds_a_round", "Seconds a round"), ("peak_gigabytes", "Memory at its peak (GB)"))


def draw(scales):
    """Return the figure of a list of Scale: a panel for time, one for memory, a line for each engine."""
    figure, [panels] = new_figure(1, 2, figsize=(7.6, 3.6))
    for (quantity, title), axes in zip(PANELS, panels, strict=True):
        for engine, (color, marker, line, name) in STYLES.items():
            mine = [one for one in scales if one.engine == engine]
            clients = [one.clients for one in mine]
            values = [getattr(one, quantity) for one in mine]
            axes.plot(clients, values, color=color, marker=marker, linestyle=line, label=name)
        axes.set_xscale("log")
        axes.set_xticks([10, 100, 1000], ["10", "100", "1,000"])
        axes.set_xlabel("Clients")
        axes.set_ylim(bottom=0)
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def pairs(scales, quantity):
    """Return [(clients, ours, the simulation's), ...], for those numbers of clients that both have."""
    ours, theirs = (
        {one.clients: getattr(one, quantity) for one in scales if one.engine == engine}
        for engine in STYLES
    )
    return [
        (clients, ours[clients], theirs[clients]) for clients in sorted(ours) if clients in theirs
    ]


def farthest(scales, quantity):
    """Return by how much the two lines differ where they differ most, as part of the lower one."""
    return max(max(pair) / min(pair) - 1 for _, *pair in pairs(scales, quantity))


def crossing(scales, quantity):
    """Return the two measured numbers of clients between which the lines cross; None if they do not."""
    shared = pairs(scales, quantity)
    for (low, ours, theirs), (high, *later) in zip(shared, shared[1:], strict=False):
        if ours < theirs and later[0] >= later[1]:
            return low, high
    return None
