"""Run an answer in a process of its own: it may loop for ever, print, raise, or end the program.

Whoever has started this reads verdict.json, which is there before each step is taken, and the log.
"""

import faulthandler
import importlib
import json
import multiprocessing
import os
import sys
import textwrap
import traceback
import types
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

import partition
from beyond.practice.exercises import exercise_named
from beyond.practice.judge import Printed, Wrong, expect
from beyond.practice.skeleton import solution
from support.mnist import load_mnist

IMAGES, TEST_IMAGES = 1200, 500  # in a federation, of all clients together, and of the server
MOST_FRAMES = 3
LONGEST = 300  # characters of what an exception says
CHECKS = "beyond.practice.checks.{}"


def the_answer(path):
    """Return the module in a reader's file `path`, as an import would; nothing is written beside it."""
    module = sys.modules["answer"] = types.ModuleType("answer")  # dataclass looks there
    module.__file__ = path
    sys.path.append(
        str(Path(path).parent)
    )  # for modules beside it; it is the last that is searched
    with patch.object(sys, "dont_write_bytecode", True):
        exec(compile(Path(path).read_bytes(), path, "exec"), vars(module))
    return module


@contextmanager
def stopped_after(seconds):
    """End this process if the block takes longer; stderr then says in which line it was."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def lines_about(error, path):
    """Return lines that say what went wrong, with those frames only that are in the file `path`."""
    if isinstance(error, Wrong):
        return [str(error)]
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == path]
    lines = [
        f"{path}, line {one.lineno}, in {one.name}: {one.line}" for one in frames[-MOST_FRAMES:]
    ]
    if isinstance(error, SystemExit):
        return [*lines, "This ends the whole program: take it out."]
    if isinstance(error, NotImplementedError) and frames:
        return [f"{frames[-1].name} is still to be written."]
    what = textwrap.shorten(f"{type(error).__name__}: {error}".removesuffix(": "), LONGEST)
    if "inhomogeneous" in what:
        what = "ValueError: arrays of different shapes do not fit into one: take them one by one."
    return [*lines, what] if frames else [f"What comes back cannot be used ({what})."]


@contextmanager
def contained(path, seconds, verdict):
    """Stop the block after so many `seconds`, and put what goes wrong in it into `verdict`."""
    with stopped_after(seconds):
        try:
            yield
        except BaseException as error:  # what a reader has written raises anything
            verdict["fault"] = lines_about(error, path)


def write_partitions(folder, mnist, deal, clients):
    """Deal the first images of `mnist` out with the function `deal`, into `folder`/partitions."""
    (images, labels), (test_images, test_labels) = mnist
    folder = folder / "partitions"
    folder.mkdir(parents=True)
    shares = deal(labels[:IMAGES], clients, np.random.default_rng(0))
    expect(len(shares) == clients, f"{clients} clients get {len(shares)} parts.")
    for client, indices in enumerate(shares):
        file = folder / f"client_{client}.npz"
        np.savez(file, images=images[indices], labels=labels[indices])
    test = {"images": test_images[:TEST_IMAGES], "labels": test_labels[:TEST_IMAGES]}
    np.savez(folder / "test.npz", **test)


def judge(exercise, path, work, seconds):
    """Return the verdict on an answer; `work` gets the partitions of its federations."""
    check = importlib.import_module(CHECKS.format(exercise.name)).check
    verdict = {"passed": [], "fault": []}
    with contained(path, seconds, verdict):
        answer, taken = the_answer(path), []
        for title in check(answer):
            verdict |= {"passed": list(taken), "title": title}
            write_verdict(work, verdict)
            taken.append(title)
        verdict["passed"] = taken
    if verdict["fault"] or not exercise.runs:
        return verdict
    mnist = load_mnist()
    verdict["title"] = f"images for a federation of {exercise.clients} clients"
    with contained(path, seconds, verdict):
        for run in exercise.runs:
            is_own = run == "yours" and exercise.deals
            deal = getattr(answer, exercise.deals) if is_own else partition.iid
            write_partitions(work / run, mnist, deal, exercise.clients)
    return verdict


def main(arguments=None, name=None, path=None, work=None, seconds=None):
    """Judge the answer in the file `path` to the exercise `name`; `work` is where the verdict goes.

    It has so many `seconds`, after the imports.
    """
    exercise, printed, work = exercise_named(name), Printed(), Path(work)
    torch.set_num_threads(1)
    with redirect_stdout(printed):
        verdict = judge(exercise, path, work, seconds)
    may_print = any("print(" in code for _, code in solution(exercise))
    verdict["printed"] = "" if may_print else printed.kept
    write_verdict(work, {**verdict, "finished": True})
    if multiprocessing.parent_process():  # not in a test
        os._exit(0)  # threads that the answer has started would go on


def write_verdict(work, verdict):
    """Write verdict.json into the directory `work`."""
    (work / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
