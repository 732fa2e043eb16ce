"""Who is refused, what a stranger can do, and a federation of hosts that can only talk over a network."""

from pages.record import Recording

CERTIFICATES = "make certificates HOSTS=,IP:10.89.0.1"  # for hosts.py's server, too
TRIED = ("refusals", "stranger", "flood")
RECORDINGS = {
    "strangers": Recording(
        (
            CERTIFICATES,
            *(f"python -m beyond.access.{name} --certificates certificates" for name in TRIED),
        ),
        screens=(None, *TRIED),
    ),
    "hosts": Recording(  # network namespaces take root's rights
        (
            CERTIFICATES,
            "python partition.py --clients 2",
            "python -m beyond.access.hosts --certificates certificates",
        ),
        screens=(None, None, "hosts"),
    ),
}
