"""What a message costs a Python of its own, in CPU-seconds: python -m pages.deployment.message_cost

It imports what flwr-clientapp and our app import, then trains for one round with the data of client 0.
"""

import importlib
import json
import time

from client import FlowerClient
from model import make_model
from support import preload
from support.command_line import run_command
from support.partitions import PARTITIONS, load_partition

IMPORTED = ("flwr.supernode.cli.flwr_clientapp", "beyond.engine.apps")
CONFIG = {"server_round": 1, "local_epochs": 1, "batch_size": 32, "learning_rate": 0.05, "seed": 0}


def main(arguments=None):
    """Run the command line described above; print {"imports": seconds, "training": seconds}."""
    for name in IMPORTED:
        importlib.import_module(name)
    imports = time.process_time()  # all that this process has done so far
    preload.torch.set_num_threads(1)
    client = FlowerClient(0, make_model(), *load_partition(PARTITIONS / "client_0.npz"))
    weights, began = client.get_parameters({}), time.process_time()
    client.fit(weights, CONFIG)
    print(json.dumps({"imports": imports, "training": time.process_time() - began}))


if __name__ == "__main__":
    run_command(main)
