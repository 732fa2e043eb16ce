"""The price, and points of it repeated with real processes.

The search for settings is a command of its own, beyond/price/search.py. Points that recorded/price.csv has
with these settings are not measured again.
"""

from pages.price.facts import ALWAYS, REAL_COLUMNS, words_of
from pages.price.measured import rows_at
from pages.record import Recording, run
from support.tables import read_history, read_table, write_table

# One point of each curve that fits on one machine: a thousand processes do not.
REAL = ((10, "iid"), (10, "shards"), (100, "iid"), (100, "shards"))


def command_of(row):
    """Return the federation that repeats `row`, a line of price.csv."""
    more = {
        "target-epsilon": row["epsilon"],
        "seed": row["seed"],
        "noise-seed": row["seed"],
        "run": "results/real",
        "address": "{address}",
    }
    words = " ".join(f"--{name}={value}" for name, value in more.items())
    return f"python -m beyond.price.federation {words_of(row)} {ALWAYS} {words}"


def repeat(directory, recorded):
    """Repeat with real processes those points of the price that have changed; write price_real.csv."""
    table = recorded / "price_real.csv"
    known = read_table(table, REAL_COLUMNS)
    found = []
    for clients, scheme in REAL:
        row = rows_at(clients, scheme)[0]
        point = {"clients": clients, "scheme": scheme, "epsilon": row["epsilon"]}
        wanted = point | {"price": row["accuracy"]}
        same = [other for other in known if wanted.items() <= other.items()]
        if not same:
            run(directory, command_of(row))
            wanted["processes"] = read_history(directory / "results/real")[-1].accuracy
        found += same or [wanted]
    write_table(table, REAL_COLUMNS, found)


RECORDINGS = {
    # Measures what the recorded price.csv does not have, and draws the picture.
    "measure": Recording(
        ("python -m beyond.price.measure --output beyond/price/recorded",), in_place=True
    ),
    "real": Recording(function=repeat),
}
