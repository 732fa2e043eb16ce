"""The options of a private server, as PrivacyRecord takes them."""

from types import SimpleNamespace

NOISE, CLIP, DELTA = 1.0, 0.5, 0.01


def private_args(directory, rounds, **options):
    """Return the options of a run of `rounds` in `directory`; `options` are others than the usual ones."""
    usual = {"noise_multiplier": NOISE, "target_epsilon": None, "noise_seed": None}
    known = {"run": directory, "rounds": rounds, "clip": CLIP, "delta": DELTA}
    return SimpleNamespace(**{**known, **usual, **options})
