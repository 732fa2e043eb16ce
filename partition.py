"""Split MNIST among the clients: one file each, and the test images for the server.

    python partition.py                   # ten clients -> partitions/client_0.npz ... client_9.npz, test.npz
    python partition.py --clients 100

Every training image goes to exactly one client. In the real world nobody does this: the data is born on the
devices. Here it stands for that, and from now on a client reads its own file and no other.
"""

import json
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from support.command_line import OneLineParser, UserError, run_command
from support.options import common_options, partition_options
from support.partition_plot import draw_partitions
from support.schemes import dirichlet, shards

PARTITIONS = Path("partitions")
UNFINISHED = Path(".partitions.unfinished")
OUR_FILE = re.compile(r"client_\d+\.npz|test\.npz|settings\.json")
SETTINGS_FILE = "settings.json"  # how the partitions beside it were made
DEFAULT_ALPHA = 0.5
DATA = Path(__file__).parent / "data"


def iid(labels, clients, rng):
    """Deal the shuffled images out evenly: every client's data looks alike.

    IID: independent and identically distributed. Returns one array of image indices per client.
    """
    return np.array_split(rng.permutation(len(labels)), clients)


def deal_out(labels, settings):
    """Return one array of image indices per client, dealt out by the scheme in `settings`."""
    rng = np.random.default_rng(settings["seed"])
    if settings["scheme"] == "dirichlet":
        return dirichlet(labels, settings["clients"], rng, settings["alpha"])
    return {"iid": iid, "shards": shards}[settings["scheme"]](labels, settings["clients"], rng)


def load_mnist(train):
    """Return MNIST's (images uint8 (n, 28, 28), labels int64 (n,)): 60,000 to train on or 10,000 to test."""
    from torchvision.datasets import MNIST  # slow to import, and nobody but us needs it

    try:
        dataset = MNIST(DATA, train=train, download=True)  # verifies and unpacks the archives
    except (RuntimeError, OSError, EOFError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot read MNIST in {DATA}: {reason}; restore data/MNIST/raw from git"
        ) from None
    return dataset.data.numpy(), dataset.targets.numpy()


def load_partition(path):
    """Return (images uint8 (n, 28, 28), labels int64 (n,)) from one partition file.

    Raises UserError if the file is missing, damaged or not a partition.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"there is no {path}; make the partitions with python partition.py")
    try:
        with np.load(path, allow_pickle=False) as file:
            images, labels = file["images"], file["labels"]
    except Exception as error:  # noqa: BLE001  damaged bytes make zip and NumPy raise almost anything
        raise UserError(
            f"{path} is damaged ({error}); make it again with python partition.py"
        ) from None
    fault = _fault(images, labels)
    if fault:
        raise UserError(
            f"{path} is not a partition: {fault}; make it again with python partition.py"
        )
    return images, labels


def _fault(images, labels):
    """Return what is wrong with a partition's arrays, or None."""
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        return f"images are {images.dtype} {images.shape}, not uint8 (n, 28, 28)"
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        return f"labels are {labels.dtype} {labels.shape}, not int64 ({len(images)},)"
    if len(labels) == 0:
        return "it holds no image"
    if labels.min() < 0 or labels.max() > 9:
        return f"labels run from {labels.min()} to {labels.max()}, not from 0 to 9"
    return None


def write_partitions(settings):
    """Make PARTITIONS as `settings` (see settings_from) say; return digit counts (clients, 10).

    All or nothing: whatever happens, PARTITIONS never holds a mixture of old and new files.
    """
    images, labels = load_mnist(train=True)
    if settings["clients"] > len(labels):
        raise UserError(
            f"{settings['clients']} clients cannot share {len(labels)} images; use fewer --clients"
        )
    shares = deal_out(labels, settings)
    test_images, test_labels = load_mnist(train=False)
    with replaced_partitions() as new:
        for client, indices in enumerate(shares):
            np.savez(new / f"client_{client}.npz", images=images[indices], labels=labels[indices])
        np.savez(new / "test.npz", images=test_images, labels=test_labels)
        (new / SETTINGS_FILE).write_text(json.dumps(settings) + "\n")
    return np.array([np.bincount(labels[indices], minlength=10) for indices in shares])


@contextmanager
def replaced_partitions():
    """Make a new directory, which takes the place of PARTITIONS when the block ends well.

    Raises UserError if that is impossible, or if PARTITIONS holds anything that is not ours to replace.
    """
    try:
        kept = {path.name for path in PARTITIONS.glob("*") if not OUR_FILE.fullmatch(path.name)}
        if kept or PARTITIONS.is_file():
            raise UserError(
                f"{PARTITIONS}/ holds what partition.py has not made; move it elsewhere"
            )
        shutil.rmtree(UNFINISHED, ignore_errors=True)  # what a killed run has left
        new = UNFINISHED / "new"
        new.mkdir(parents=True)
        yield new
        if PARTITIONS.exists():
            PARTITIONS.rename(UNFINISHED / "old")
        new.rename(PARTITIONS)
    except OSError as error:
        raise UserError(f"cannot write {PARTITIONS}/: {error.strerror}; make room for it") from None
    finally:
        shutil.rmtree(UNFINISHED, ignore_errors=True)


def partition_settings():
    """Return how PARTITIONS was made (see settings_from), or None if nothing there says so."""
    try:
        settings = json.loads((PARTITIONS / SETTINGS_FILE).read_text())
    except (OSError, ValueError):
        return None
    return settings if isinstance(settings, dict) else None


def are_partitioned(settings):
    """Return whether PARTITIONS holds what `settings` would make."""
    names = ["test.npz", *(f"client_{client}.npz" for client in range(settings["clients"]))]
    return partition_settings() == settings and all((PARTITIONS / name).is_file() for name in names)


def print_table(counts):
    """Print how many images of each digit every client has; `counts` is (clients, 10)."""
    print("client  " + "".join(f"{digit:>6}" for digit in range(10)) + "   total")
    for client, row in enumerate(counts):
        print(f"{client:>6}  " + "".join(f"{count:>6}" for count in row) + f"{row.sum():>8}")
    print(
        f"{'all':>6}  "
        + "".join(f"{count:>6}" for count in counts.sum(axis=0))
        + f"{counts.sum():>8}"
    )


def settings_from(args):
    """Return the part of a command's arguments that describes a partitioning.

    Raises UserError if --alpha is given to a scheme that has none.
    """
    settings = {"clients": args.clients, "scheme": args.scheme, "seed": args.seed}
    if args.scheme == "dirichlet":
        return {**settings, "alpha": args.alpha or DEFAULT_ALPHA}
    if args.alpha is not None:
        raise UserError(
            f"--alpha goes with --scheme dirichlet, not with {args.scheme}; leave it out"
        )
    return settings


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("partition.py", __doc__, parents=[common_options(), partition_options()])
    parser.add_argument("--plot", metavar="PNG", help="also draw the table into this file")
    args = parser.parse_args(arguments)
    if args.plot and (Path(args.plot).is_dir() or not Path(args.plot).parent.is_dir()):
        raise UserError(f"cannot write {args.plot}; choose another --plot")
    settings = settings_from(args)
    counts = write_partitions(settings)
    print_table(counts)
    if args.plot:
        alpha = f", alpha {settings['alpha']:g}" if "alpha" in settings else ""
        draw_partitions(counts, args.scheme + alpha, args.plot)
        print(f"Wrote {args.plot}")
    print(f"Wrote {args.clients} partitions and test.npz to {PARTITIONS}/")


if __name__ == "__main__":
    run_command(main, "partition.py")
