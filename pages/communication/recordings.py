"""The grid of runs that two pages show, some hours of one core unless results/comparison has them already."""

from pages.heterogeneity.facts import PAGE as HETEROGENEITY
from pages.record import Recording, keep_files, run
from support.command_line import ROOT

COMPARISON = ROOT / "results/comparison"


def compare(directory, recorded):
    """Make the runs that are not there yet, in this checkout; keep the table and the pictures."""
    run(ROOT, "python -m beyond.communication.compare")
    names = ("comparison.csv", "baselines.png", "strategies.png")
    keep_files(HETEROGENEITY.recorded, {name: COMPARISON / name for name in names})
    keep_files(recorded, {"work.png": COMPARISON / "work.png"})


RECORDINGS = {"comparison": Recording(function=compare)}
