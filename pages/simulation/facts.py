"""What simulated federations took beside real ones, and where the lines cross."""

import statistics
from dataclasses import asdict
from functools import cache

from beyond.simulation.plot_scale import crossing, farthest
from beyond.simulation.scale import read_scales
from pages.markdown import paragraph, percent, table_of
from pages.page import Page
from support.tables import read_history

PAGE = Page("simulation")
NOISE = 0.15  # how far one measurement may be from the next, as part of it
TEN_AND_THOUSAND = (("processes", 10), ("simulation", 10), ("simulation", 1000))
NAMES = {"processes": "processes of their own", "simulation": "simulation"}


@cache
def scales():
    """Return the recorded measurements, {(engine, clients): Scale}."""
    return {(one.engine, one.clients): one for one in read_scales(PAGE.recorded / "scale.csv")}


def figures():
    """Return the figures that sentences quote, as text, by name."""
    ours, simulated, plain = (scales()[key] for key in TEN_AND_THOUSAND)
    hundreds = scales()["processes", 100], scales()["simulation", 100]
    history = read_history(PAGE.recorded / "thousand")
    return {
        "checksum": simulated.model[:12],
        "same": "the same" if simulated.model == ours.model else "another",
        "ratio": f"{simulated.seconds / ours.seconds:.1f}",
        "ours_memory_100": f"{hundreds[0].peak_gigabytes:.1f} GB",
        "memory_100": f"{hundreds[1].peak_gigabytes:.1f} GB",
        "memory_1000": f"{plain.peak_gigabytes:.1f} GB",
        "round_1000": f"{plain.seconds_a_round:.0f}",
        "one_epoch": percent(plain.accuracy, 0),
        "one_epoch_rounds": str(plain.rounds),
        "thousand_rounds": str(len(history) - 1),
        "thousand_early": percent(history[plain.rounds].accuracy, 1),
        "thousand_accuracy": percent(history[-1].accuracy, 1),
        "thousand_seconds": f"{statistics.median(row.seconds for row in history[2:]):.0f}",
    }


def scale_table():
    """Print what every federation of the table took."""
    columns = {
        "clients": "{clients:,}",
        "engine": "{engine}",
        "rounds": "{rounds}",
        "a round": "{seconds_a_round:.1f} s",
        "in all": "{seconds:.0f} s",
        "processes": "{processes}",
        "memory": "{peak_gigabytes:.2f} GB",
    }
    table_of([asdict(one) | {"engine": NAMES[one.engine]} for one in scales().values()], columns)


def scale_words():
    """Say where the lines of the picture cross."""
    both = list(scales().values())
    time, memory = ("seconds_a_round", "In seconds a round"), ("peak_gigabytes", "In memory")
    paragraph(f"{_where(*time, both)} {_where(*memory, both)}")


def _where(quantity, name, both):
    last = max(one.clients for one in both if one.engine == "processes")
    if (apart := farthest(both, quantity)) <= NOISE:
        return (
            f"{name} the two are never more than {percent(apart, 0)} apart up to {last} clients: one "
            "measurement of each does not say where they cross."
        )
    between = crossing(both, quantity)
    if between is None:
        largest = [one for one in both if one.clients == last]
        less = NAMES[min(largest, key=lambda one: getattr(one, quantity)).engine]
        return f"{name}, at {last} clients, the lower line is that of the {less}."
    low, high = between
    return (
        f"{name} the two cross between {low} and {high} clients; beyond, the simulation takes less."
    )
