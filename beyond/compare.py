"""Run the grid of federations and baselines that grid.py declares; write one CSV and the pictures.

    python beyond/compare.py                              # all of chapter 6
    python beyond/compare.py --list                       # the names of the runs
    python beyond/compare.py --only 'strategies/*' --only '*/pooled/*'

Runs that are finished are not run again: stop it whenever you like, and go on with the same command. All
files are in the directory --output, partitions included; the lesson's own partitions stay as they are.
"""

import fnmatch
import json
import os
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import federation  # noqa: E402
from beyond.comparison import collect, write_comparison  # noqa: E402
from beyond.grid import FULL_ROUNDS, grid  # noqa: E402
from beyond.pictures import draw_pictures  # noqa: E402
from support.command_line import (  # noqa: E402
    OneLineParser,
    RunError,
    UserError,
    address,
    positive_int,
    run_command,
)
from support.files import replaced_file  # noqa: E402
from support.processes import process_context, start_command, stop_all  # noqa: E402
from support.run_record import make_run_directory  # noqa: E402
from support.terminal import progress_bar  # noqa: E402

FINISHED = "finished.json"  # in a run's directory: the command that made it


def words_of(run, args):
    """Return the command line of `run` as words, its directory left out."""
    return [*run.partition_words(args.clients), *run.training_words()]


def is_finished(run, args):
    """Return whether `run` has ended well, made with the same command line."""
    try:
        return json.loads(Path(run.name, FINISHED).read_text()) == words_of(run, args)
    except (OSError, ValueError):
        return False


def make_run(context, run, args):
    """Run one federation or baseline from the beginning, and note that it has ended well.

    Raises RunError if it has not.
    """
    shutil.rmtree(run.name, ignore_errors=True)
    logs = make_run_directory(Path(run.name, "logs"))
    place = ["--address", args.address, "--run", run.name]
    options = federation.parse([*run.partition_words(args.clients), *place])
    try:
        federation.make_partitions(context, options, logs / "partition.log")
        if run.part == "baselines":
            make_baseline(context, run, args, logs / "baseline.log")
        else:
            options = federation.parse([*words_of(run, args), *place])
            federation.run_processes(context, options, server_log=logs / "server.log")
    except SystemExit as end:
        if end.code in (130, 143):  # it was stopped, and so are we
            raise
        raise RunError(f"{run.name} failed: the files in {args.output}/{logs}/ say why") from None
    with replaced_file(Path(run.name, FINISHED)) as file:
        file.write(json.dumps(words_of(run, args)).encode())


def make_baseline(context, run, args, log):
    """Run beyond/baselines.py; exit with its status if it fails."""
    common = ["--clients", str(args.clients), "--seed", str(run.seed), "--run", run.name]
    words = [run.method.partition("_")[0], *common, *run.training_words()]
    process = start_command(context, "beyond.baselines", words, log)
    try:
        process.join()
    finally:
        stop_all([process])
    if process.exitcode != 0:
        sys.exit(process.exitcode)


def make_runs(runs, args):
    """Make those of `runs` that are not finished, with a line for each and a bar for all."""
    left = [run for run in runs if not is_finished(run, args)]
    print(f"{len(runs)} runs, {len(runs) - len(left)} of them finished already", flush=True)
    context = process_context()
    with progress_bar() as bar:
        task = bar.add_task("", total=sum(run.passes for run in left))
        for number, run in enumerate(left, start=1):
            bar.update(task, description=f"{number} of {len(left)}: {run.name}")
            began = time.monotonic()
            make_run(context, run, args)
            bar.advance(task, run.passes)
            seconds = time.monotonic() - began
            print(f"{number} of {len(left)}: {run.name}, {seconds:.0f} s", flush=True)


def chosen(runs, patterns):
    """Return those of `runs` whose name matches one of `patterns`, or all if there is none.

    Raises UserError if a pattern matches nothing.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(run.name, pattern) for run in runs):
            raise UserError(f"no run matches --only {pattern}; see --list for the names")
    return [
        run
        for run in runs
        if not patterns or any(fnmatch.fnmatchcase(run.name, pattern) for pattern in patterns)
    ]


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("beyond/compare.py", __doc__)
    add = parser.add_argument
    add("--seeds", type=positive_int, default=3, help="how many seeds, from 0 up")
    add("--rounds", type=positive_int, default=FULL_ROUNDS, help="for each of the strategies")
    add("--clients", type=positive_int, default=10, help="how many clients there are")
    add("--only", action="append", default=[], metavar="PATTERN", help="runs whose name matches")
    add("--list", action="store_true", help="print the names of the runs and stop")
    add("--output", default="results/comparison", help="directory for all runs")
    add("--address", type=address, default="127.0.0.1:8080", help="HOST:PORT for the servers")
    args = parser.parse_args(arguments)
    everything = grid(args.seeds, args.rounds)
    runs = chosen(everything, args.only)
    if args.list:
        print("\n".join(run.name for run in runs))
        return
    os.chdir(make_run_directory(args.output))
    make_runs(runs, args)
    rows = collect([run for run in everything if is_finished(run, args)])
    write_comparison(rows, "comparison.csv")
    pictures = draw_pictures(rows, Path())
    print("\n".join(f"Wrote {args.output}/{name}" for name in ["comparison.csv", *pictures]))


if __name__ == "__main__":
    run_command(main, "beyond/compare.py")
