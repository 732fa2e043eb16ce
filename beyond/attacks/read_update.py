"""What one client's update says, by arithmetic alone: a label, a layer's input, the digits a client owns.

    python -m beyond.attacks.read_update              # a minute -> results/privacy/digits.png, digits.csv

Every update is what the lesson's FlowerClient returns, minus what it was sent: what the server receives.
"""

import numpy as np
import torch

from beyond.attacks.command import attack_options
from beyond.attacks.leakage import FC1_BIAS, input_of_fc1, label_of, owned_digits
from beyond.attacks.training_images import CLIENTS, Training, trained_weights
from beyond.attacks.updates import fresh_weights, update_of
from model import make_model, set_weights, to_tensors
from support.argument_types import positive_int
from support.command_line import parse_options, run_command
from support.figures import new_figure, save_figure
from support.run_record import make_run_directory
from support.tables import write_table

SCHEMES = {"shards": "Shards", "dirichlet": "Dirichlet 0.5", "iid": "IID"}
SINGLES = 5  # images of every client that are tried alone: its first ones


def true_input_of_fc1(weights, images, labels):
    """Return what the first linear layer is given for one image, float32 (512,): to compare with."""
    model = make_model()
    set_weights(model, weights)
    seen = []
    model.fc1.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(to_tensors(images, labels)[0])
    return seen[0][0].numpy()


def read_single_images(training, weights):
    """Return (labels read correctly, images, relative errors of fc1's input, where the update tells it)."""
    correct, errors = 0, []
    chosen = np.concatenate(training.first_of_each(CLIENTS, SINGLES))
    for index in chosen:
        images, labels = training.take([index])
        update = update_of(weights, images, labels)
        correct += label_of(update) == labels[0]
        if not update[FC1_BIAS].any():  # the model is so sure of this image that nothing moves
            continue
        truth = true_input_of_fc1(weights, images, labels)
        error = np.linalg.norm(input_of_fc1(update) - truth) / np.linalg.norm(truth)
        errors.append(float(error))
    return int(correct), len(chosen), errors


def read_epochs(training, weights, scheme, seed, images=None):
    """Return (counts, read) of clients that each train one whole epoch on a model with `weights`.

    `counts` are their images of each digit, ints (clients, 10), `read` booleans of the same shape: what was
    read off. `images` limits how many a client has.
    """
    counts, read = [], []
    for number, owned in enumerate(training.owners(scheme, seed)):
        own_images, labels = training.take(owned[:images])
        digits = owned_digits(update_of(weights, own_images, labels, number, seed=seed))
        counts.append(np.bincount(labels, minlength=10))
        read.append([digit in digits for digit in range(10)])
    return np.array(counts), np.array(read)


def exactly_read(counts, read):
    """Return of how many clients exactly the digits were read that they own, even one image of them."""
    return int(((counts > 0) == read).all(axis=1).sum())


def draw(results, path):
    """Draw clients by digits for every scheme, true and read off, into the PNG file `path`.

    `results` is {scheme: (counts, read)}.
    """
    figure, panels = new_figure(1, len(results), figsize=(3.3 * len(results), 3.9))
    for axes, (scheme, (counts, read)) in zip(panels[0], results.items(), strict=True):
        _mark(axes, counts, read)
        exact = exactly_read(counts, read)
        axes.set_title(f"{SCHEMES[scheme]}: {exact} of {len(counts)} clients exactly", fontsize=9)
        axes.set(xlabel="Digit", xticks=range(10), yticks=range(len(counts)), ylim=(9.6, -0.6))
        axes.grid(alpha=0.25)
    panels[0][0].set_ylabel("Client")
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, markerscale=0.7)
    save_figure(figure, path, option="--output")


def _mark(axes, counts, read):
    """Put a disc where a client owns a digit, and a square where it was read off."""
    clients, digits = np.nonzero(counts)
    sizes = 12 + 110 * counts[clients, digits] / counts.max()
    axes.scatter(digits, clients, s=sizes, color="C0", label="owned (area: images)")
    clients, digits = np.nonzero(read)
    square = {"marker": "s", "facecolors": "none", "edgecolors": "0.15"}
    axes.scatter(digits, clients, s=150, label="read off", **square)


def rows_of(results):
    """Yield a row for every scheme, client and digit: how many images, and whether it was read off."""
    for scheme, (counts, read) in results.items():
        for (client, digit), count in np.ndenumerate(counts):
            yield [scheme, client, digit, count, int(read[client, digit])]


def summary(counts, read):
    """Return how often the digits of a client were read off right, in words."""
    right = (counts > 0) == read
    return (
        f"{exactly_read(counts, read)} of {len(right)} clients exactly, "
        f"{right.sum()} of {right.size} answers right"
    )


def parse(arguments):
    """Return the options of the command line."""
    options = attack_options("of the model and of how images are dealt out")
    add = options.add_argument
    add("--images", type=positive_int, help="at most so many a client (default: all)")
    add("--model", help="a run's global_model.npz to begin with (default: an untrained model)")
    return parse_options(arguments, [options])


def print_single_images(correct, tried, errors):
    """Print how much single images' updates say; of those where nothing moved there is no error."""
    print(f"Label of a single image, from the last bias: {correct} of {tried} right")
    print(
        "Input of the first linear layer, by one division: "
        f"relative error {max(errors, default=0):.1e} at most"
        + (f", for {len(errors)} of {tried} images" if len(errors) < tried else "")
    )


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    torch.set_num_threads(1)
    output = make_run_directory(args.output, option="--output")
    training = Training()
    weights = trained_weights(args.model) if args.model else fresh_weights(args.seed)
    print_single_images(*read_single_images(training, weights))
    results = {}
    for scheme, name in SCHEMES.items():
        results[scheme] = read_epochs(training, weights, scheme, args.seed, args.images)
        print(f"Digits owned, after a whole epoch, {name}: {summary(*results[scheme])}")
    header = ["scheme", "client", "digit", "images", "read"]
    write_table(output / "digits.csv", header, rows_of(results))
    draw(results, output / "digits.png")
    print(f"Wrote {output}/digits.csv\nWrote {output}/digits.png")


if __name__ == "__main__":
    run_command(main)
