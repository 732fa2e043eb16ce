"""Who owns which digits; the comparison is recorded with communication/comparison."""

from beyond.heterogeneity.results import SCHEMES
from pages.record import Recording

DRAW = "python -m beyond.heterogeneity.plot_partitions --plot dots.png"
RECORDINGS = {
    f"partition_{scheme}": Recording(
        ("python partition.py " + " ".join(words), DRAW),
        screens=(f"partition_{scheme}",),
        files={f"partition_{scheme}.png": "dots.png"},
    )
    for scheme, words in SCHEMES.items()
}
