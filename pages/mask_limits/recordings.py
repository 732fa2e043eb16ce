"""What is left of a key, and what a server reads of one client in the sum."""

from pages.record import Recording

ROOM = "python -m beyond.mask_limits"
RUN = f"{ROOM}.federation --round-timeout 300 --scheme shards --learning-rate 0.01 --single-out 3"
RECORDINGS = {
    "limits": Recording((f"{ROOM}.mask_strength",), screens=("limits",)),
    "trusting": Recording(
        (f"{RUN} --trusting --run results/trusting", f"{ROOM}.opened --run results/trusting"),
        screens=(None, "opened_trusting"),
    ),
    "careful": Recording(
        (f"{RUN} --run results/careful", f"{ROOM}.opened --run results/careful"),
        screens=(None, "opened_careful"),
    ),
    "refusals": Recording(
        (f"{RUN} --run results/careful",), screens=("refusals",), lines="Round .*Client 0 refuses: "
    ),
}
