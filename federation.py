"""The whole lesson in one command: partitions, a server, clients as processes of their own, the picture.

    python federation.py                  # ten clients, ten rounds -> results/fedavg/accuracy.png
    python federation.py --clients 5 --rounds 3 --run results/small

The processes talk over loopback as they would from terminals of their own. The server's output comes here,
each client's goes to logs/client_K.log in the directory of the run.
"""

import threading
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

import partition
import plot_accuracy
from support.command_line import RunError, parse_options, run_command
from support.figures import load_matplotlib
from support.machine import make_room
from support.options import (
    client_options,
    common_options,
    partition_options,
    server_options,
    starting_options,
)
from support.partitions import are_own_partitions, are_partitioned, check_own_partitions
from support.processes import (
    check_not_lost,
    ending,
    exit_with,
    finish_command,
    last_words,
    process_context,
    start_command,
    stop_all,
    was_killed,
)
from support.run_record import make_run_directory, own_directory
from support.run_settings import check_settings, last_commit
from support.typed_words import as_words

PROGRAMS = ("server", "client")
PATIENCE = 30  # seconds; no one will start a missing client by hand


def make_partitions(context, args):
    """Run partition.py, unless the data is partitioned this way already, or the reader's own."""
    check_own_partitions(args.clients)
    settings = None if are_own_partitions() else partition.settings_from(args)
    if args.resume:
        # Before partition.py replaces the others.
        check_settings(args.run, {"partitions": settings})
    if settings and not are_partitioned(settings):
        words = as_words(args, [common_options(), partition_options()])
        with own_directory(args.run):  # if that cannot be written to, the partitions stay
            finish_command(context, "partition", words)


def run_processes(
    context, args, programs, more_options=(), more_client_options=(), server_log=None, **doors
):
    """Run the mains of `programs`, a server and the clients, until the server ends; leave no process behind.

    The server takes `more_options`, too, a client `more_client_options`, and both take `doors`. What the
    server prints goes to the file `server_log`, or to our terminal.
    """
    logs = make_run_directory(Path(args.run, "logs"))
    server_words, client_words = words_of_both(args, more_options, more_client_options)
    server = start_command(context, programs[0], server_words, server_log, **doors)
    clients = {}
    try:
        for number in range(args.clients):
            words = ["--partition-id", str(number), *client_words]
            log = logs / f"client_{number}.log"
            clients[number] = start_command(context, programs[1], words, log, **doors)
        with advice_to_resume(args.run):
            watch(server, clients, logs, args.min_clients)
    finally:
        stop_all([server, *clients.values()])


def words_of_both(args, more_options, more_client_options):
    """Return the words with which the server is started, and those of every client."""
    typed = as_words(args, [*server_options(), *more_options])
    server_words = [f"--patience={args.patience}", *typed]  # ours, unless one was typed
    of_clients = [client_options(), *more_client_options]
    return server_words, ["--server", args.address, *as_words(args, of_clients)]


def watch(server, clients, logs, needed):
    """Return when the server has ended well; exit with its status if it has not.

    Raises RunError if a client cannot go on, or if so many have failed that the server would wait for ever.
    """
    running = {process.sentinel: number for number, process in clients.items()}
    left = len(clients)
    while server.sentinel not in (ended := wait([server.sentinel, *running])):
        number = running.pop(ended[0])
        clients[number].join()  # its status may come after its end
        check_not_lost(clients[number])
        log = logs / f"client_{number}.log"
        if clients[number].exitcode == 2:
            raise RunError(f"client {number} cannot go on: {last_words(log)} ({log})")
        if clients[number].exitcode != 0:
            left -= 1
            reason = "" if was_killed(clients[number]) else f"; see {log}"
            print(f"Client {number} {ending(clients[number].exitcode)}{reason}")
        if left < needed:
            raise RunError(f"{left} of {len(clients)} clients are left, and {needed} are needed")
    server.join()
    exit_with(server)


@contextmanager
def advice_to_resume(run):
    """Add to the block's RunError how to go on with `run`, if the block has recorded a round of it."""
    before = last_commit(run)
    try:
        yield
    except RunError as error:
        if last_commit(run) == before:
            raise
        raise RunError(f"{error}; go on with --resume") from None


def parse(arguments, more_options=()):
    """Return the command line's options; raise UserError if they do not fit together, or this machine."""
    own = [partition_options(), starting_options()]
    args = parse_options(arguments, [*server_options(), *own, *more_options])
    args.patience = args.patience or PATIENCE
    make_room(args.clients)
    return args


def main(
    arguments=None, programs=PROGRAMS, more_options=(), make_model=None, more_client_options=()
):
    """Run the command line described above; chapters give the other arguments (see ARCHITECTURE.md)."""
    args = parse(arguments, [*more_options, *more_client_options])
    context = process_context(args.start)
    make_partitions(context, args)
    # While the processes start: what the picture needs is slow to import, too.
    threading.Thread(target=load_matplotlib, daemon=True).start()
    doors = {"make_model": make_model} if make_model else {}
    run_processes(context, args, programs, more_options, more_client_options, **doors)
    plot_accuracy.main(["--", args.run])  # its name may begin with a dash


if __name__ == "__main__":
    run_command(main)
