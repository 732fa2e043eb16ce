"""What the page says of a run besides its events: its name, its settings, and who owns which digits."""

import gzip
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from partition import deal_out
from support.command_line import UserError
from support.history import read_history
from support.mnist import ARCHIVES
from support.run_settings import DESCRIPTION

LABELS, HEADER = "train-labels-idx1-ubyte.gz", 8  # bytes before the labels, one byte each
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
    partitions = settings.get("partitions") or {}
    shown = {name: settings[name] for name in SHOWN if settings.get(name) is not None}
    shown |= {name: value for name, value in partitions.items() if name in ("scheme", "alpha")}
    is_private = any(settings.get(name) for name in PRIVATE)
    digits = None if is_private or not partitions else digits_of(json.dumps(partitions))
    # A whole path would say whose machine it is, in a file that travels.
    name = str(run) if not Path(run).is_absolute() else "/".join(Path(run).parts[-2:])
    return {"name": name, "settings": shown, "digits": digits, "history": history(run)}


def history(run):
    """Return the rows of history.csv, dicts, if there are no events; [] if there is none."""
    if Path(run, "events.jsonl").exists():
        return []
    try:
        return [asdict(row) for row in read_history(run)]
    except UserError:
        return []


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
        settings = json.loads(Path(run, DESCRIPTION).read_bytes())["settings"]
        return settings if isinstance(settings, dict) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
