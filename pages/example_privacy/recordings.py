"""The measurements, the audit, one federation of real processes, and the speed of Opacus.

The search for settings is a command of its own, beyond/example_privacy/search.py.
"""

from pages.record import Recording, keep_files

RUN = "results/images"
TYPED = (
    "python -m beyond.example_privacy.federation --target-epsilon 8 --rounds 40 --local-steps 4 "
    "--batch-size 256 --learning-rate 4"
)
MEASURED = "results/example_privacy"


def keep_account(directory, recorded):
    """Keep the account of client 3."""
    log = (directory / RUN / "logs/client_3.log").read_text(encoding="utf-8")
    path = log.split("Account of these images: ")[1].splitlines()[0]
    keep_files(recorded, {"account.csv": directory / path})


RECORDINGS = {
    "measure": Recording(
        ("python -m beyond.example_privacy.measure",),
        files={"accuracy.csv": f"{MEASURED}/accuracy.csv"},
        in_place=True,
    ),
    "audit": Recording(
        ("python -m beyond.example_privacy.audit",),
        files={"audit.csv": f"{MEASURED}/audit.csv"},
    ),
    "federation": Recording(
        (f"{TYPED} --run {RUN} --address {{address}}",),
        files={"client_3.txt": f"{RUN}/logs/client_3.log", "history.csv": f"{RUN}/history.csv"},
        function=keep_account,
    ),
    "opacus": Recording(
        (
            "python -m pip install --quiet --no-deps --target opacus opacus==1.6.0 opt-einsum==3.4.0",
            "python -m pages.example_privacy.opacus_speed",
        ),
        screens=(None, "opacus"),
    ),
}
