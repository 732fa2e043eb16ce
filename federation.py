"""The whole lesson in one command: partitions, a server, clients as processes of their own, the picture.

    python federation.py                  # ten clients, ten rounds -> results/fedavg/accuracy.png
    python federation.py --clients 5 --rounds 3 --run results/small

The processes talk over loopback as they would from terminals of their own. The server's output comes here,
each client's goes to logs/client_K.log in the directory of the run.
"""

import importlib
import signal
import sys
import threading
from multiprocessing.connection import wait
from pathlib import Path

import partition
import plot_accuracy
from support.command_line import OneLineParser, RunError, run_command
from support.options import common_options, names_in, partition_options, server_options
from support.port import check_port_is_free
from support.processes import process_context, start_command, stop_all
from support.run_record import make_run_directory


def as_words(args, *parents):
    """Return the options of `parents` as words of a command line: ["--local-epochs", "1", ...]."""
    return [
        word
        for name in names_in(*parents)
        for word in (f"--{name.replace('_', '-')}", str(getattr(args, name)))
    ]


def make_partitions(context, args):
    """Run partition.py, unless the data is partitioned this way already."""
    if partition.are_partitioned(partition.settings_from(args)):
        return
    maker = start_command(
        context, "partition", as_words(args, common_options(), partition_options())
    )
    maker.join()
    if maker.exitcode != 0:
        sys.exit(maker.exitcode)  # it has said why


def run_processes(context, args):
    """Run server.py and the clients until the server ends, and leave no process behind.

    Raises RunError if a client ends before the server does.
    """
    logs = make_run_directory(Path(args.run, "logs"))
    server = start_command(context, "server", as_words(args, common_options(), server_options()))
    clients = {}
    try:
        for number in range(args.clients):
            words = ["--partition-id", str(number), "--server", args.address]
            clients[number] = start_command(context, "client", words, logs / f"client_{number}.log")
        wait_for_end(server, clients, logs)
    finally:
        stop_all([server, *clients.values()])


def wait_for_end(server, clients, logs):
    """Return when the server has ended well; exit with its status if it has not."""
    names = {process.sentinel: number for number, process in clients.items()}
    while server.sentinel not in (ended := wait([server.sentinel, *names])):
        number = names.pop(ended[0])
        if clients[number].exitcode != 0:
            raise RunError(f"client {number} failed; {logs}/client_{number}.log says why")
    server.join()
    if server.exitcode != 0:
        sys.exit(server.exitcode)  # it has said why


def main(arguments=None):
    """Run the command line described above."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parents = [common_options(), partition_options(), server_options()]
    args = OneLineParser("federation.py", __doc__, parents=parents).parse_args(arguments)
    check_port_is_free(args.address)
    context = process_context()
    make_partitions(context, args)
    # While the processes start: what the picture needs is slow to import, too.
    threading.Thread(
        target=importlib.import_module, args=("matplotlib.pyplot",), daemon=True
    ).start()
    run_processes(context, args)
    plot_accuracy.main([args.run])


if __name__ == "__main__":
    run_command(main, "federation.py")
