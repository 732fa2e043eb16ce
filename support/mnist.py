"""The original MNIST archives in data/, read without a trace beside them."""

from support.command_line import ROOT, UserError

import tempfile
from pathlib import Path

ARCHIVES = ROOT / "data/MNIST/raw"


def load_mnist():
    """Return MNIST as two pairs of arrays: 60,000 images and labels to train on, and 10,000 to test on.

    Images are uint8 (n, 28, 28), labels int64 (n,). Raises UserError if an archive is missing or damaged, or
    if there is no room to unpack them for a moment.
    """
    from torchvision.datasets import MNIST  # slow to import, and nobody but us needs it
    from torchvision.datasets.utils import check_integrity, extract_archive

    for name, md5 in MNIST.resources:
        if not check_integrity(ARCHIVES / name, md5):
            raise UserError(f"{ARCHIVES / name} is damaged or gone; git checkout data restores it")
    try:
        with tempfile.TemporaryDirectory() as directory:
            unpacked = Path(directory, "MNIST/raw")
            unpacked.mkdir(parents=True)
            for name, _ in MNIST.resources:
                extract_archive(ARCHIVES / name, unpacked)
            parts = [MNIST(directory, train=train) for train in (True, False)]
            return [(part.data.numpy(), part.targets.numpy()) for part in parts]
    except OSError as error:
        raise UserError(
            f"cannot unpack MNIST in {tempfile.gettempdir()}: {error.strerror}; "
            "make room there, or name another directory with TMPDIR"
        ) from None
