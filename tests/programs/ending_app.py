"""A ServerApp that records round 0, which needs no node, and then ends as `ending` in its run config says."""

import os
import signal

import numpy as np
from flwr.serverapp import ServerApp

from support.command_line import UserError
from support.run_record import RunRecord
from support.tables import Round

server_app = ServerApp()


def raise_key_error(directory):
    """End as a slip in somebody's own evaluate does."""
    return {}["missing"]


def raise_in_turn(directory):
    """End with two errors, the first of which is the cause."""
    try:
        raise_key_error(directory)
    except KeyError as error:
        raise RuntimeError("this explains nothing") from error


def complain(directory):
    """End with a person's mistake."""
    raise UserError("give it up; or change --rounds")


def end_early(directory):
    """End well, as if that had been all."""
    print(f"The record of this run is in {directory}/")


def die(directory):
    """End as the kernel would when memory is full."""
    os.kill(os.getpid(), signal.SIGKILL)


def do_without_a_client(directory):
    """End well after both rounds, in which a client has complained about its own data."""
    print("support.command_line.UserError: the model cannot train on partitions/client_0.npz")
    print(f"The record of this run is in {directory}/")


ENDINGS = [raise_key_error, raise_in_turn, complain, end_early, die, do_without_a_client]


@server_app.main()
def main(grid, context):
    """Run the ServerApp."""
    print("Starting Flower ServerApp")
    directory = context.run_config["run"]
    record = RunRecord(directory, {}, {"weights": np.zeros(1)})
    record.begin()
    ending = context.run_config["ending"]
    for number in range(3 if ending == "do_without_a_client" else 1):
        record.add_round(Round(number, 2.3, 0.1, 0.1, 0, 0, 0, 0), [np.zeros(1)])
    {one.__name__: one for one in ENDINGS}[ending](directory)
