"""What the best attacker finds; the screen and the records of the lesson's clients with a guarantee."""

from pages.record import Recording

RUN = "results/private"
TYPED = "python -m beyond.differential_privacy.federation --clip 0.5 --target-epsilon 8 --rounds 4"
ATTACKER = ("best_attacker.csv", "best_attacker.png")
RECORDINGS = {
    "best_attacker": Recording(
        ("python -m beyond.differential_privacy.best_attacker",),
        files={name: f"results/privacy/{name}" for name in ATTACKER},
    ),
    # Without a --noise-seed: it cannot be repeated, and no sentence may stand on its accuracies.
    "federation": Recording(
        (f"{TYPED} --run {RUN} --address {{address}}",),
        screens=("server",),
        files={"privacy.csv": f"{RUN}/privacy.csv"},
    ),
}
