"""federation.py without a process for every client: Flower's simulation, ten clients or a thousand.

    python -m beyond.simulation.federation                  # as python federation.py, on Flower's engine
    python -m beyond.simulation.federation --clients 1000 --local-epochs 5 --run results/thousand
    python -m beyond.simulation.federation --chapter privacy --clip 0.5 --target-epsilon 8 --run results/dp

A SuperLink of our own runs the app that pyproject.toml describes. --parallel-clients actors of Ray take
turns at being a client. Logs go to logs/ in the directory of the run; no process outlives the command.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import partition
import plot_accuracy
from beyond.engine.bundle import unpack_app
from beyond.engine.run_config import chapter_in, check_args, run_parents
from beyond.simulation.app_run import run_app
from beyond.simulation.private_flower import PrivateFlower
from federation import advice_to_resume
from support.command_line import ROOT, UserError, parse_options, run_command
from support.machine import make_room_for_connections
from support.options import common_options, partition_options
from support.partitions import are_own_partitions, are_partitioned, check_own_partitions
from support.run_record import make_run_directory, own_directory
from support.run_settings import check_settings
from support.typed_words import as_words

# Messages that are under way for every actor: Flower looks for new ones ten times a second.
AHEAD = 16
RAY_ENDS_ON_WINDOWS = (3, 13)


def parse(arguments=None):
    """Return the options; those of a chapter are known once --chapter has said which."""
    parents = [*run_parents(chapter_in(arguments)), partition_options()]
    return parse_options(arguments, parents)


def make_partitions(args):
    """Deal the images out as partition.py does, unless that is done, or they are a person's own.

    Raises UserError first if Flower could not be told what `args` say.
    """
    check_args(args)
    settings = None if are_own_partitions() else partition.settings_from(args)
    if args.resume:
        check_settings(args.run, {"partitions": settings})  # before others are lost
    if settings and not are_partitioned(settings):
        words = as_words(args, [common_options(), partition_options()])
        # In a process of its own: the images are of no use here, and take half a gigabyte.
        with own_directory(args.run):  # if that cannot be written to, the partitions stay
            done = subprocess.run([sys.executable, ROOT / "partition.py", *words])
        if done.returncode != 0:
            sys.exit(done.returncode)


def simulate(args, **variant):
    """Run all rounds on a SuperLink of our own; leave no process behind.

    `variant` is what unpack_app changes of the app.
    """
    logs = make_run_directory(Path(args.run, "logs"))
    size = {
        "num-supernodes": args.clients,
        "client-resources-num-cpus": 1,
        "init-args-num-cpus": args.parallel_clients,
        "init-args-log-to-driver": "false",
    }
    with advice_to_resume(args.run), PrivateFlower(logs) as flower:
        app = unpack_app(flower.home / "app", **variant)
        flower.simulation()
        words = " ".join(f"{name}={value}" for name, value in size.items())
        ahead = min(args.clients, AHEAD * args.parallel_clients)
        run_app(flower, app, args, "--federation-config", words, parallel_clients=ahead)
        flower.end_all(grace=0)  # all is on record; a good end of Ray takes seconds


def check_ray():
    """Raise UserError if Ray is missing; Flower does not bring it to every system."""
    if importlib.util.find_spec("ray") is not None:
        return
    if sys.platform == "win32" and sys.version_info >= RAY_ENDS_ON_WINDOWS:
        raise UserError(
            "on Windows Flower brings Ray, which simulates, for Python 3.11 and 3.12 only; use one of them"
        )
    raise UserError("Ray is missing; pip install -r requirements-beyond.txt")


def run(args, **variant):
    """Deal the images out, simulate and plot; the app is changed as `variant` says. Raises UserError."""
    check_ray()
    check_own_partitions(args.clients)
    make_room_for_connections(args.clients)
    make_partitions(args)
    simulate(args, **variant)
    plot_accuracy.main(["--", args.run])


def main(arguments=None):
    """Run the command line described above."""
    run(parse(arguments))


if __name__ == "__main__":
    run_command(main)
