"""What chapter 8's page calls for the bridge and the simulation: each function prints Markdown."""

from support.history import read_history

import csv
import io
import statistics
import tomllib
import zipfile
from functools import cache

from beyond.engine.bundle import bundle
from beyond.engine.record import FOLDER
from beyond.engine.scale import read_scales
from beyond.engine.scale_picture import crossing, farthest
from tools.snippets import image, percent, say, table
from tools.terminals import ROOT

NOISE = 0.15  # how far one measurement may be from the next, as part of it
NAMES = {"processes": "processes of their own", "simulation": "simulation"}


@cache
def facts():
    """Return the chapter's figures, as text, by name."""
    return {**_bundle(), **_ten(), **_hundred(), **_thousand()}


@cache
def _scales():
    return {(one.engine, one.clients): one for one in read_scales(FOLDER / "scale.csv")}


def _bundle():
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        sizes = [file.file_size for file in archive.infolist()]
    return {
        "files": str(len(sizes)),
        "bundle": f"{sum(sizes) / 1000:.0f} KB",
        "bridge_lines": str(len((ROOT / "beyond/engine/apps.py").read_text().splitlines())),
    }


def _ten():
    ours, simulated = _scales()["processes", 10], _scales()["simulation", 10]
    return {
        "checksum": simulated.model[:12],
        "same": "the same" if simulated.model == ours.model else "another",
        "ours_seconds": f"{ours.seconds:.0f}",
        "simulated_seconds": f"{simulated.seconds:.0f}",
        "ratio": f"{simulated.seconds / ours.seconds:.1f}",
    }


def _hundred():
    ours, simulated = _scales()["processes", 100], _scales()["simulation", 100]
    return {
        "ours_memory_100": f"{ours.peak_gigabytes:.1f} GB",
        "memory_100": f"{simulated.peak_gigabytes:.1f} GB",
        "ours_round_100": f"{ours.seconds_a_round:.1f}",
        "round_100": f"{simulated.seconds_a_round:.1f}",
    }


def _thousand():
    history, plain = read_history(FOLDER / "thousand"), _scales()["simulation", 1000]
    return {
        "memory_1000": f"{plain.peak_gigabytes:.1f} GB",
        "round_1000": f"{plain.seconds_a_round:.0f}",
        "one_epoch": percent(plain.accuracy, 0),
        "one_epoch_rounds": str(plain.rounds),
        "thousand_rounds": str(len(history) - 1),
        "thousand_early": percent(history[plain.rounds].accuracy, 1),
        "thousand_accuracy": percent(history[-1].accuracy, 1),
        "thousand_seconds": f"{statistics.median(row.seconds for row in history[2:]):.0f}",
    }


def tell(text):
    """Print a paragraph with the chapter's figures in it."""
    say(text, facts())


def teaser():
    """Print what the lesson says about this chapter."""
    say(
        """**Where does it run for real?** [Chapter 8](beyond/engine/README.md) takes these files to Flower's
        production engine: the same bytes, a thousand clients, several machines.""",
        {},
    )


def scale_table():
    """Print what every federation of the table took."""
    header = ["clients", "engine", "rounds", "a round", "in all", "processes", "memory"]
    lines = [
        [
            f"{one.clients:,}",
            NAMES[one.engine],
            one.rounds,
            f"{one.seconds_a_round:.1f} s",
            f"{one.seconds:.0f} s",
            one.processes,
            f"{one.peak_gigabytes:.2f} GB",
        ]
        for one in read_scales(FOLDER / "scale.csv")
    ]
    table(header, lines)


def scale_chart():
    """Print the picture of seconds and memory, and say where lines cross."""
    image(
        "recorded/scale.png",
        """Two line charts over the number of clients, 10 to 1,000 on a logarithmic scale: seconds a round,
        and memory. Processes of their own end at 100 clients; the simulation goes on to 1,000.""",
    )
    scales = read_scales(FOLDER / "scale.csv")
    say(
        f"{_where('seconds_a_round', 'In time', scales)} {_where('peak_gigabytes', 'In memory', scales)}",
        {},
    )


def _where(quantity, name, scales):
    last = max(one.clients for one in scales if one.engine == "processes")
    if (apart := farthest(scales, quantity)) <= NOISE:
        return (
            f"{name} they are never more than {percent(apart, 0)} apart up to {last} clients: one "
            "measurement of each does not say where they cross."
        )
    between = crossing(scales, quantity)
    if between is None:
        both = [one for one in scales if one.clients == last]
        less = NAMES[min(both, key=lambda one: getattr(one, quantity)).engine]
        return f"{name}, at {last} clients, the lower line is that of the {less}."
    low, high = between
    return f"{name} they cross between {low} and {high} clients: beyond, the simulation takes less."


def chapters_table():
    """Print the checksums of chapters 6 and 7 on both engines."""
    with open(FOLDER / "chapters.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        [
            row["chapter"],
            f"`{row['options']}`",
            f"`{row['classic'][:12]}`",
            f"`{row['engine'][:12]}`",
            "the same" if row["same_books"] == "True" else "different",
        ]
        for row in rows
    ]
    table(["chapter", "options", "classic", "engine", "its own records"], lines)


def app_config():
    """Print the part of pyproject.toml that says what the app is and which options it has."""
    text = (ROOT / "pyproject.toml").read_text()
    begin, end = text.index("[tool.flwr.app.components]"), text.index("[tool.ruff]")
    assert tomllib.loads(text[begin:end])
    print(f"\n```toml\n{text[begin:end].strip()}\n```\n")
