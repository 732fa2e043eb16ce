"""Run the grid of federations and baselines that grid.py declares; write one CSV and the pictures.

    python -m beyond.communication.compare                              # all of them
    python -m beyond.communication.compare --list                       # the names of the runs
    python -m beyond.communication.compare --only 'strategies/*' --only '*/pooled/*'

Finished runs are not run again: stop it whenever you like, and go on with the same command. All files,
partitions included, are in the directory --output; the lesson's own partitions stay as they are. Two such
commands at the same time need an --output each.
"""

import fnmatch
import json
import os
import shutil
import time
from pathlib import Path

import federation
import partition
from beyond.communication.grid import FULL_ROUNDS, grid
from beyond.communication.plots import draw_pictures
from beyond.heterogeneity.federation import PROGRAMS
from beyond.heterogeneity.options import heterogeneity_options
from beyond.heterogeneity.results import COLUMNS, collect
from support.argument_types import address, positive_int
from support.command_line import Options, RunError, UserError, parse_options, run_command
from support.files import replaced_file
from support.listening import check_port_is_free
from support.partitions import are_partitioned
from support.processes import finish_command, process_context
from support.run_record import make_run_directory
from support.tables import read_history, write_table
from support.terminal import progress_bar

FINISHED = "finished.json"  # in a run's directory: the command that made it
STOPPED = 143  # the status with which SIGTERM ends us
# On a busy machine no client is given up.
ENOUGH_TIME = ["--patience", "600", "--round-timeout", "600"]


def words_of(run, args):
    """Return the command line of `run` as words, without its directory."""
    return [*run.partition_words(args.clients), *run.training_words()]


def is_finished(run, args):
    """Return whether `run` is finished.

    Raises UserError if it is, but with another command line: hours of work may lie there.
    """
    try:
        made_with = json.loads(Path(run.name, FINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if made_with != words_of(run, args):
        raise UserError(
            f"{args.output}/{run.name} was made with other options; choose another --output"
        )
    return True


def options_of(run, args):
    """Return the parsed options of the federation `run`, or of the partitions that a baseline needs."""
    words = run.partition_words(args.clients) if run.is_baseline else words_of(run, args)
    words = [*words, "--address", args.address, "--run", run.name, *ENOUGH_TIME]
    return federation.parse(words, [heterogeneity_options()])


def make_run(context, run, args):
    """Run one federation or baseline from the beginning, and note that it is finished.

    Raises RunError if it fails, or if a client was missing in a round.
    """
    shutil.rmtree(run.name, ignore_errors=True)
    logs = make_run_directory(Path(run.name, "logs"))
    try:
        train(context, run, args, logs)
    except (RunError, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code == STOPPED:
            raise
        why = f" ({end})" if isinstance(end, RunError) else ""
        place = Path(args.output, logs)
        raise RunError(f"{run.name} failed{why}; see the files in {place}/") from None
    with replaced_file(Path(run.name, FINISHED)) as file:
        file.write(json.dumps(words_of(run, args)).encode())


def train(context, run, args, logs):
    """Deal the images out as `run` needs them, and train; what processes print goes to `logs`."""
    options = options_of(run, args)
    if not are_partitioned(partition.settings_from(options)):
        words = run.partition_words(args.clients)
        finish_command(context, "partition", words, logs / "partition.log")
    if run.is_baseline:
        make_baseline(context, run, args, logs / "baseline.log")
        return
    own = [heterogeneity_options()]
    federation.run_processes(context, options, PROGRAMS, own, server_log=logs / "server.log")
    check_that_all_took_part(run, args)


def check_that_all_took_part(run, args):
    """Raise RunError if fewer clients than C asks for were averaged in a round of `run`."""
    expected = max(int(run.fraction_fit * args.clients), 1)
    for row in read_history(run.name)[1:]:
        if (row.clients, row.failures) != (expected, 0):
            raise RunError(f"{row.clients} of {expected} clients took part in round {row.round}")


def make_baseline(context, run, args, log):
    """Run baselines.py; exit with its status if it fails."""
    words = ["--clients", str(args.clients), "--seed", str(run.seed), "--run", run.name]
    words = [*run.training_words(), *words]
    finish_command(context, "beyond.heterogeneity.baselines", words, log)


def make_runs(runs, args):
    """Make those of `runs` that are not finished; print a line for each, and a progress bar for all."""
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
    """Return those of `runs` whose name matches one of `patterns`, or all if there are no patterns.

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


def write_results(runs, output):
    """Write the CSV and the pictures of the finished `runs` into this directory, known as `output`."""
    rows = collect(runs)
    write_table("comparison.csv", COLUMNS, rows)
    for name in ["comparison.csv", *draw_pictures(rows, Path())]:
        print(f"Wrote {output}/{name}")


def parse(arguments):
    """Return the command line's options."""
    options = Options()
    add = options.add_argument
    add("--seeds", type=positive_int, default=3, help="how many seeds, from 0 up")
    add("--rounds", type=positive_int, default=FULL_ROUNDS, help="for each of the strategies")
    add("--clients", type=positive_int, default=10, help="how many clients there are")
    add("--only", action="append", default=[], metavar="PATTERN", help="runs whose name matches")
    add("--list", action="store_true", help="print the names of the runs and stop")
    add("--output", default="results/comparison", help="directory for all runs")
    add("--address", type=address, default="127.0.0.1:8080", help="HOST:PORT for the servers")
    return parse_options(arguments, [options])


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    everything = grid(args.seeds, args.rounds)
    runs = chosen(everything, args.only)
    if args.list:
        print("\n".join(run.name for run in runs))
        return
    check_port_is_free(args.address)
    os.chdir(make_run_directory(args.output, option="--output"))
    for run in everything:
        is_finished(run, args)  # raises now what it would raise after hours of work
    try:
        make_runs(runs, args)
        write_results([run for run in everything if is_finished(run, args)], args.output)
    except OSError as error:
        raise RunError(f"cannot write to {args.output}: {error.strerror}; make room") from None


if __name__ == "__main__":
    run_command(main)
