"""The accuracies that noise leaves, and what the defences stop."""

from pages.record import Recording

RESULTS = "results/privacy"
KEPT = ("noise_accuracy.csv", "defences.csv", "sum.csv", "defences.png")
RECORDINGS = {
    "defences": Recording(
        (
            "python -m beyond.defences.train_with_noise",
            f"python -m beyond.defences.defences --accuracies {RESULTS}/noise_accuracy.csv",
        ),
        screens=("train_with_noise", "defences"),
        files={name: f"{RESULTS}/{name}" for name in KEPT},
        timed=True,
    ),
    "candidates": Recording(
        (
            "python -m beyond.defences.candidates",
            "python -m beyond.defences.candidates --seed 1 --output results/other",
        ),
        screens=("candidates",),
        files={
            "candidates.csv": f"{RESULTS}/candidates.csv",
            "candidates_seed_1.csv": "results/other/candidates.csv",
        },
        timed=True,
    ),
}
