"""The grid of runs that two pages show, some hours of one core unless results/comparison has them already."""

from pages.record import Recording

COMPARISON = "results/comparison"
OTHER_PAGE = "../../heterogeneity/recorded"
RECORDINGS = {
    "comparison": Recording(
        ("python -m beyond.communication.compare",),
        files={"work.png": f"{COMPARISON}/work.png"}
        | {
            f"{OTHER_PAGE}/{name}": f"{COMPARISON}/{name}"
            for name in ("comparison.csv", "baselines.png", "strategies.png")
        },
        in_place=True,
    )
}
