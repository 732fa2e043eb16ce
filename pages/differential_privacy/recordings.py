"""The screen and the records of the lesson's clients with a guarantee."""

from pages.record import Recording

RUN = "results/private"
TYPED = "python -m beyond.differential_privacy.federation --clip 0.5 --target-epsilon 8 --rounds 4"
RECORDINGS = {
    "federation": Recording(
        (f"{TYPED} --noise-seed 0 --run {RUN} --address {{address}}",),
        screens=("server",),
        files={name: f"{RUN}/{name}" for name in ("privacy.csv", "history.csv")},
    )
}
