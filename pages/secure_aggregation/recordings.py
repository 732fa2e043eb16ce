"""Masked rounds in the simulation and on SuperNodes, and what the server holds of them."""

from pages.record import Recording

PATIENT = "--round-timeout 300"  # a busy machine is no reason to leave a client out
ROOM = "python -m beyond.secure_aggregation"
RUN = f"{ROOM}.federation {PATIENT}"
OURS = "Round|Client|Left out|Waiting|The record|Wrote results"  # without Flower's log between them
SHARDS = "--scheme shards --learning-rate 0.01"
RECORDINGS = {
    "view": Recording(
        (f"{RUN} {SHARDS} --rounds 1 --curious --run results/seen", f"{ROOM}.view"),
        screens=(None, "view"),
        files={"held.png": "results/seen/held.png", "bytes.csv": "results/seen/secagg_bytes.csv"},
    ),
    "spoiled": Recording((f"{RUN} --scheme shards --rounds 1",), screens=("spoiled",), lines=OURS),
    "dropout": Recording(
        (f"{RUN} --rounds 3 --drop-out 3 --run results/gone",), screens=("dropout",), lines=OURS
    ),
    "rounds": Recording(
        (f"{RUN} --run results/secagg",),
        screens=("rounds",),
        lines=OURS,
        files={"history.csv": "results/secagg/history.csv"},
    ),
    "nodes": Recording(
        (
            f"{ROOM}.deployment {PATIENT} --clients 5 --rounds 2 --run results/nodes"
            " --address {address}",
        ),
        screens=("nodes",),
        lines=OURS,
    ),
    "killed": Recording(
        (f"{ROOM}.killed --clients 6 --rounds 5 --address {{address}}",),
        screens=("killed",),
    ),
}
