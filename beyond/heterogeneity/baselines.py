"""What the federation is measured against: all data in one place, and every client alone.

    python -m beyond.heterogeneity.baselines pooled --rounds 10 --run results/pooled
    python -m beyond.heterogeneity.baselines alone --rounds 10 --run results/alone

The same network, optimizer, initial weights and number of passes over the images as a federation with the
same --rounds, --local-epochs and partitions, but learning rates of their own: the lesson's 0.05 is
too large where nothing is averaged. Nothing here is federated. `pooled` trains one model on the
union of all partitions, and prints a line for every round's worth of passes; `alone` trains one model per
client, on that client's images, and for each prints a line and writes a record: RUN/client_0,
RUN/client_1, ... The records are like those of server.py: plot_accuracy.py draws one, plot_runs.py all of a
directory. With --client-evaluation no client trains on the tenth of its images that it would hold out.
"""

import shutil
import time
from functools import partial

import numpy as np

from beyond.heterogeneity.options import add_client_evaluation
from support.argument_types import positive_int
from support.command_line import Options, UserError, parse_options, run_command
from support.options import common_options, training_options
from support.partitions import PARTITIONS, check_number_of_clients, load_partition
from support.processes import in_parallel
from support.run_record import RunRecord, make_run_directory
from support.tables import Round

# The best of 0.005, 0.01, 0.02 and 0.03 for the pool, and of 0.01 and 0.02 for a client alone.
LEARNING_RATES = {"pooled": 0.01, "alone": 0.02}


def training_data(partition_ids, client_evaluation):
    """Return what the clients `partition_ids` train on in a federation, as one pair of tensors."""
    import torch

    from beyond.heterogeneity.client import split
    from model import to_tensors

    parts = []
    for number in partition_ids:
        images, labels = to_tensors(*load_partition(PARTITIONS / f"client_{number}.npz"))
        parts.append(
            split(images, labels, seed=number)[0] if client_evaluation else (images, labels)
        )
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))


def train_alone(settings, task):
    """Train one model as `settings` say; `task` is (directory of its record, whose images it trains on)."""
    import torch

    from model import get_weights, make_model

    torch.set_num_threads(1)  # as on a client
    name, partition_ids = task
    data = training_data(partition_ids, settings["client_evaluation"])
    torch.manual_seed(settings["seed"])
    model = make_model()
    about = {"partitions": partition_ids, "digits": data[1].unique().tolist()}
    record = RunRecord(name, settings | about, model.state_dict())
    record.begin()
    for row in train_rounds(model, data, settings, partition_ids[0]):
        record.add_round(row, get_weights(model))
        if settings["how"] == "pooled":
            print(f"Round {row.round:>2}: accuracy {row.accuracy:.2%}, {row.seconds:.1f} s")
    print(f"{name}: {row.accuracy:.2%} after {row.round} rounds' worth of passes")


def train_rounds(model, data, settings, first_id):
    """Train `model` in place on `data`, a pair of tensors; yield the Round before and after every round.

    The images are shuffled as the client `first_id` would in a federation.
    """
    from model import evaluate, to_tensors, train

    test = to_tensors(*load_partition(PARTITIONS / "test.npz"))
    options = {key: settings[key] for key in ("learning_rate", "batch_size")}
    for number in range(settings["rounds"] + 1):
        began = time.monotonic()
        if number > 0:
            rng = np.random.default_rng([settings["seed"], number, first_id])
            train(model, *data, settings["local_epochs"], rng, **options)
        loss, accuracy = evaluate(model, *test)
        yield Round(number, loss, accuracy, round(time.monotonic() - began, 3), 1, 0, 0, 0)


def check_partitions(clients):
    """Raise UserError if the partitions were dealt out to another number of clients, or if one is missing."""
    check_number_of_clients(clients)
    for name in (*(f"client_{number}" for number in range(clients)), "test"):
        load_partition(PARTITIONS / f"{name}.npz")


def make_room(settings):
    """Remove the records of lone clients that an earlier run, perhaps with more clients, has left.

    Raises UserError if the directory holds the record of another run.
    """
    directory = make_run_directory(settings["run"])
    if settings["how"] == "alone" and (directory / "run.json").exists():
        raise UserError(f"{directory} holds the record of one run; choose another --run")
    try:
        for earlier in directory.glob("client_*/run.json"):
            shutil.rmtree(earlier.parent)
    except OSError as error:
        raise UserError(f"cannot remove {error.filename}; choose another --run") from None


def tasks(settings):
    """Return [(directory, partition numbers), ...]: one for the pool, or one for every client."""
    everybody = list(range(settings["clients"]))
    if settings["how"] == "pooled":
        return [(settings["run"], everybody)]
    return [(f"{settings['run']}/client_{number}", [number]) for number in everybody]


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add_client_evaluation(options)
    add = options.add_argument
    add("how", choices=LEARNING_RATES, help="which baseline")
    add("--rounds", type=positive_int, default=10, help="how many rounds' worth of passes")
    add("--run", required=True, help="directory for the record")
    parents = [common_options(), training_options(), options]
    settings = vars(parse_options(arguments, parents, learning_rate=None))
    settings["learning_rate"] = settings["learning_rate"] or LEARNING_RATES[settings["how"]]
    check_partitions(settings["clients"])
    make_room(settings)
    for _ in in_parallel(partial(train_alone, settings), tasks(settings)):
        pass  # each has printed its result


if __name__ == "__main__":
    run_command(main)
