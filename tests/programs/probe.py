"""Runs one of our commands and notes what happens inside it.

    python probe.py OPENED COMMAND.py ARGUMENTS...

Every file that it opens, a line each, goes to the file OPENED. A server is also made to take its clients'
answers in ascending order of their image counts, and prints these.
"""

import importlib
import os
import runpy
import sys
from pathlib import Path


def note_opened_files(path):
    """Write the name of every file that Python opens from now on to `path`."""
    notes = os.open(path, os.O_WRONLY | os.O_CREAT)

    def note(event, arguments):
        if event == "open":
            os.write(notes, f"{arguments[0]}\n".encode())

    sys.addaudithook(note)


def put_answers_in_order():
    """Hand the strategy its results in ascending order of image counts."""
    importlib.import_module("support.environment")  # before Flower
    strategy = importlib.import_module("support.recorded_strategy").RecordedStrategy
    aggregate_fit = strategy.aggregate_fit

    def aggregate_in_order(self, server_round, results, failures):
        results = sorted(results, key=lambda result: result[1].num_examples)
        counts = [update.num_examples for _, update in results]
        print(f"Round {server_round} was answered in the order {counts}")
        return aggregate_fit(self, server_round, results, failures)

    strategy.aggregate_fit = aggregate_in_order


put_answers_in_order()
note_opened_files(sys.argv[1])
sys.argv = sys.argv[2:]
sys.path[0] = str(Path(sys.argv[0]).parent)
runpy.run_path(sys.argv[0], run_name="__main__")
