"""What can be read in updates; the trained model that is attacked is a federation's of the lesson."""

from pages.attacks.facts import SEEDS
from pages.record import Recording

RESULTS = "results/privacy"
FEDERATION = "python federation.py --address {address}"  # the lesson's: its model is attacked
READ_TRAINED = "python -m beyond.attacks.read_update --model results/fedavg/global_model.npz"
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
        (FEDERATION, "python -m beyond.attacks.invert_update"),
        screens=(None, "invert_update"),
        files={name: f"{RESULTS}/{name}" for name in ("inversion.png", "inversion.csv")},
        timed=True,
    ),
    "trained": Recording((FEDERATION, READ_TRAINED), screens=(None, "read_update_trained")),
    "membership": Recording(
        (FEDERATION, "python -m beyond.attacks.membership"), screens=(None, "membership")
    ),
}
