"""Simulations of ten, a hundred and a thousand clients; on a machine that does nothing else."""

from beyond.simulation.plot_scale import draw
from beyond.simulation.scale import read_scales
from pages.record import Recording

RUN = "results/thousand"
COMMAND = "python -m beyond.simulation.federation"


def draw_scale(directory, recorded):
    """Draw what was measured."""
    draw(read_scales(directory / "results/scale.csv")).savefig(recorded / "scale.png")


RECORDINGS = {
    "screen": Recording(
        (f"{COMMAND} --rounds 3 --run results/simulation",), screens=("simulation",)
    ),
    "thousand": Recording(
        (f"{COMMAND} --clients 1000 --rounds 10 --local-epochs 5 --run {RUN}",),
        files={f"thousand/{name}": f"{RUN}/{name}" for name in ("history.csv", "accuracy.png")},
    ),
    "scale": Recording(
        ("python -m beyond.simulation.scale --out results/scale.csv",),
        function=draw_scale,
        files={"scale.csv": "results/scale.csv"},
    ),
}
