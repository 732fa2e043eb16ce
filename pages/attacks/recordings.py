"""What can be read in updates; the trained model that is attacked is a federation's of the lesson."""

from pages.attacks.facts import SEEDS
from pages.record import Recording

RESULTS = "results/privacy"
RECORDINGS = {
    f"read_{seed}": Recording(
        (f"python -m beyond.attacks.read_update --seed {seed}",),
        screens=(f"read_update_{seed}",),
        files={name: f"{RESULTS}/{name}" for name in ("digits.png", "digits.csv") if seed == 0},
        timed=seed == 0,
    )
    for seed in SEEDS
} | {
    "invert": Recording(
        (
            "python federation.py --address {address}",
            "python -m beyond.attacks.invert_update",
            "python -m beyond.attacks.membership",
        ),
        screens=(None, "invert_update", "membership"),
        files={name: f"{RESULTS}/{name}" for name in ("inversion.png", "inversion.csv")},
        timed=True,
    ),
}
