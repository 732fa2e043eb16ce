"""What a message costs a Python of its own, in CPU-seconds: python -m beyond.engine.message_cost

It imports what flwr-clientapp and our app import, then trains for one round with the data of client 0.
"""

import time

BEGAN = time.process_time()

from support import preload  # noqa: E402 (the clock runs already)
from support.command_line import run_command  # noqa: E402
from support.partitions import PARTITIONS, load_partition  # noqa: E402

import importlib  # noqa: E402
import json  # noqa: E402

IMPORTED = ("flwr.supernode.cli.flwr_clientapp", "beyond.engine.apps")
SETTINGS = {
    "server_round": 1,
    "seed": 0,
    "local_epochs": 1,
    "batch_size": 32,
    "learning_rate": 0.05,
}


def main(arguments=None):
    """Run the command line described above; print {"imports": seconds, "training": seconds}."""
    for name in IMPORTED:
        importlib.import_module(name)
    imports = time.process_time() - BEGAN
    preload.torch.set_num_threads(1)
    make_client = importlib.import_module("client").FlowerClient
    client = make_client(0, *load_partition(PARTITIONS / "client_0.npz"))
    weights, began = client.get_parameters({}), time.process_time()
    client.fit(weights, SETTINGS)
    print(json.dumps({"imports": imports, "training": time.process_time() - began}))


if __name__ == "__main__":
    run_command(main, "beyond.engine.message_cost")
