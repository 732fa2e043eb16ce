"""Split MNIST among the clients: one file each, and the test images for the server.

    python partition.py                   # ten clients -> partitions/client_0.npz ... client_9.npz, test.npz
    python partition.py --clients 100

Every training image goes to exactly one client. In the real world the data is on the clients' devices from
the start. This script stands in for that: from now on a client reads its own file and no other.
"""

import numpy as np

from support.command_line import UserError, parse_options, run_command
from support.mnist import DEFAULT_ALPHA, dirichlet, load_mnist, shards
from support.options import common_options, partition_options
from support.partitions import PARTITIONS, replaced_partitions


def iid(labels, clients, rng):
    """Deal the shuffled images out evenly: every client's data looks alike.

    IID: independent and identically distributed. Returns one array of image indices per client.
    """
    return np.array_split(rng.permutation(len(labels)), clients)


def deal_out(labels, settings):
    """Return one array of image indices per client, dealt out as `settings` (see settings_from) say.

    Raises UserError if the images are too few.
    """
    clients, rng = settings["clients"], np.random.default_rng(settings["seed"])
    if clients > len(labels):
        raise UserError(f"{clients} clients cannot share {len(labels)} images; use fewer --clients")
    if settings["scheme"] == "dirichlet":
        return dirichlet(labels, clients, rng, settings["alpha"])
    if settings["scheme"] == "shards":
        return shards(labels, clients, rng)
    return iid(labels, clients, rng)


def write_partitions(settings):
    """Make PARTITIONS as `settings` (see settings_from) say; return a list of arrays, every client's labels.

    Each file holds `images`, uint8 (n, 28, 28), and `labels`, int64 (n,). Raises UserError as deal_out does.
    """
    (images, labels), (test_images, test_labels) = load_mnist()
    shares = deal_out(labels, settings)
    with replaced_partitions(settings) as directory:
        for client, indices in enumerate(shares):
            file = directory / f"client_{client}.npz"
            np.savez(file, images=images[indices], labels=labels[indices])
        np.savez(directory / "test.npz", images=test_images, labels=test_labels)
    return [labels[indices] for indices in shares]


def print_table(labels_by_client):
    """Print how many images of each digit every client has, given every client's labels."""
    rows = [np.bincount(labels, minlength=10) for labels in labels_by_client]
    counts = np.array(rows)  # (clients, 10)
    print_row("client", [*range(counts.shape[1]), "total"])
    for client, row in enumerate(counts):
        print_row(client, [*row, row.sum()])
    print_row("all", [*counts.sum(axis=0), counts.sum()])


def print_row(name, values):
    """Print one line of the table; the last of `values` is a total."""
    *cells, total = values
    print(f"{name:>6}  " + "".join(f"{cell:>6}" for cell in cells) + f"{total:>8}")


def settings_from(args):
    """Return what describes a partitioning: {"clients", "scheme", "seed"}, and "alpha" for dirichlet."""
    settings = {"clients": args.clients, "scheme": args.scheme, "seed": args.seed}
    if args.scheme == "dirichlet":
        settings["alpha"] = args.alpha or DEFAULT_ALPHA
    return settings


def main(arguments=None):
    """Run the command line described above."""
    args = parse_options(arguments, [common_options(), partition_options()])
    print_table(write_partitions(settings_from(args)))
    print(f"Wrote {args.clients} partitions and test.npz to {PARTITIONS}/")


if __name__ == "__main__":
    run_command(main)
