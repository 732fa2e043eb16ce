"""What the page says of a run besides its events: its name, its settings, and who owns which digits."""

import gzip
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from beyond.watch.run_files import read_inside
from partition import deal_out
from support.command_line import UserError
from support.events import NAME, finite
from support.mnist import ARCHIVES
from support.run_settings import DESCRIPTION, HISTORY
from support.tables import rounds_in

LABELS, HEADER = "train-labels-idx1-ubyte.gz", 8  # bytes before the labels, one byte each
MOST = 1 << 24  # bytes of run.json or history.csv
# Of these, the ones that a run has: they say what was asked for, not how it ran.
SHOWN = (
    *("local_epochs", "batch_size", "learning_rate", "strategy", "proximal_mu", "fraction_fit"),
    *("clip", "noise_multiplier", "target_epsilon", "shares", "seed"),
)
PRIVATE = ("noise_multiplier", "target_epsilon", "shares")  # whose records are to tell of no client


def about(run):
    """Return {"name", "settings", "digits", "history"} of the run in the directory `run`, for JSON.

    `digits` is a list of ten counts for every client, or None: if run.json does not say how the images were
    dealt out, and if the run is private. `history` has the rows of history.csv; it is empty without events.
    """
    settings = _settings(run)
    partitions = _plain(settings.get("partitions"))
    shown = _plain({name: settings.get(name) for name in SHOWN})
    shown |= {name: partitions[name] for name in ("scheme", "alpha") if name in partitions}
    is_private = any(settings.get(name) for name in PRIVATE)
    digits = None if is_private or not partitions else digits_of(json.dumps(partitions))
    # A whole path would say whose machine it is, in a file that travels.
    name = str(run) if not Path(run).is_absolute() else "/".join(Path(run).parts[-2:])
    return {"name": name, "settings": shown, "digits": digits, "history": history(run)}


def history(run):
    """Return the rows of history.csv, dicts, if there are no events; [] if there is none.

    What is no finite number is None.
    """
    if Path(run, NAME).exists():
        return []
    try:
        rows = rounds_in(read_inside(run, HISTORY, MOST), HISTORY)
    except (UserError, OSError):
        return []
    return [finite(asdict(row)) for row in rows]


@lru_cache
def digits_of(partitions):
    """Return how many images of each digit every client has, as partition.py deals them out.

    `partitions` is JSON, the settings in run.json. No server knows this of its clients: we know it because
    the data is MNIST, and the seed is on record.
    """
    try:
        # load_mnist would unpack the images, too, which takes seconds.
        content = gzip.decompress((ARCHIVES / LABELS).read_bytes())
        labels = np.frombuffer(content[HEADER:], np.uint8).astype(np.int64)
        shares = deal_out(labels, json.loads(partitions))
    except (UserError, OSError, KeyError, TypeError, ValueError):
        return None
    return [np.bincount(labels[share], minlength=10).tolist() for share in shares]


def _settings(run):
    try:
        settings = json.loads(read_inside(run, DESCRIPTION, MOST))["settings"]
        return settings if isinstance(settings, dict) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _plain(settings):
    """Return those of `settings`, which may be no dict, that are texts, finite numbers, or True or False."""
    items = settings.items() if isinstance(settings, dict) else ()
    texts_and_numbers = {
        name: value for name, value in items if isinstance(value, (str, int, float))
    }
    return {name: value for name, value in finite(texts_and_numbers).items() if value is not None}
