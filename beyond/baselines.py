"""What the federation is measured against: all data in one place, and every client alone.

    python beyond/baselines.py pooled --rounds 10 --run results/pooled
    python beyond/baselines.py alone --rounds 10 --run results/alone

The same network, optimizer, initial weights and number of passes over the images as a federation with the
same --rounds, --local-epochs and partitions. Nothing here is federated. `pooled` trains one model on the
union of all partitions; `alone` trains one model per client, on that client's images, and writes a record for
each: RUN/client_0, RUN/client_1, ... The records are those of server.py, and plot_accuracy.py reads them.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from partition import PARTITIONS, load_partition  # noqa: E402
from support.command_line import OneLineParser, positive_int, run_command  # noqa: E402
from support.history import Round  # noqa: E402
from support.machine import available_cores  # noqa: E402
from support.options import common_options, training_options  # noqa: E402
from support.processes import process_context  # noqa: E402
from support.run_record import RunRecord  # noqa: E402


def train_alone(name, settings, partition_ids):
    """Train one model on the images of `partition_ids` together and record it in the directory `name`.

    `settings` are the command's arguments, as a dict.
    """
    import torch

    from model import CNN, evaluate, get_weights, to_tensors, train

    torch.set_num_threads(1)  # as on a client
    parts = [load_partition(PARTITIONS / f"client_{number}.npz") for number in partition_ids]
    data = to_tensors(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    test = to_tensors(*load_partition(PARTITIONS / "test.npz"))
    torch.manual_seed(settings["seed"])
    model = CNN()
    record = RunRecord(name, settings, list(model.state_dict()))
    record.begin()
    for number in range(settings["rounds"] + 1):
        began = time.monotonic()
        if number > 0:
            rng = np.random.default_rng([settings["seed"], number, partition_ids[0]])
            names = ("learning_rate", "batch_size")
            train(
                model,
                *data,
                settings["local_epochs"],
                rng,
                **{name: settings[name] for name in names},
            )
        loss, accuracy = evaluate(model, *test)
        row = Round(number, loss, accuracy, round(time.monotonic() - began, 3), 1, 0, 0, 0)
        record.add_round(row, get_weights(model))
    return f"{name}: {accuracy:.2%} after {settings['rounds']} rounds' worth of passes"


def tasks(settings):
    """Return [(directory, partition numbers), ...]: one for the pool, or one for every client."""
    everybody = list(range(settings["clients"]))
    if settings["how"] == "pooled":
        return [(settings["run"], everybody)]
    return [(f"{settings['run']}/client_{number}", [number]) for number in everybody]


def main(arguments=None):
    """Run the command line described above."""
    parents = [common_options(), training_options()]
    parser = OneLineParser("beyond/baselines.py", __doc__, parents=parents)
    parser.add_argument("how", choices=["pooled", "alone"], help="which baseline")
    parser.add_argument(
        "--rounds", type=positive_int, default=10, help="how many rounds' worth of passes"
    )
    parser.add_argument("--run", required=True, help="directory for the record")
    settings = vars(parser.parse_args(arguments))
    for number in range(settings["clients"]):
        load_partition(PARTITIONS / f"client_{number}.npz")  # all there, before anything starts
    with ProcessPoolExecutor(available_cores(), mp_context=process_context()) as pool:
        jobs = [
            pool.submit(train_alone, name, settings, numbers) for name, numbers in tasks(settings)
        ]
        for job in jobs:
            print(job.result(), flush=True)


if __name__ == "__main__":
    run_command(main, "beyond/baselines.py")
