"""A run of this chapter is resumed only with the options and the command that it was made with."""

import re
import shutil

import pytest

from tests.heterogeneity.commands import CLIENT, FEDERATION, SERVER, refused
from tests.support.harness import snapshot
from tests.support.shared import run_quickly, server_words

MADE_WITH = ["--strategy", "FedProx", "--proximal-mu", 0.5, "--fraction-fit", 0.7]


@pytest.fixture(scope="module")
def runs(shared_stage, workspace, lesson_run):
    """Runs of this chapter's server and of the lesson's: {name: directory}."""
    words = ["results/fedprox", *MADE_WITH]
    run = run_quickly(shared_stage, workspace, *words, programs=(SERVER, CLIENT))
    return {"chapter": run, "lesson": lesson_run}


def resumed(run, *words):
    """Return the words that resume a run."""
    return server_words(run, "--rounds", 3, "--resume", *words)[1]


@pytest.mark.parametrize(
    "words, advice",
    [
        (["--fraction-fit", 0.7], "with --(strategy FedProx|proximal-mu 0.5)"),
        (["--strategy", "FedProx", "--fraction-fit", 0.7], "with --proximal-mu 0.5"),
        ([*MADE_WITH, "--proximal-mu", 0.25], "with --proximal-mu 0.5"),
        ([*MADE_WITH, "--fraction-fit", 0.6], "with --fraction-fit 0.7"),
        (MADE_WITH[:4], "with --fraction-fit 0.7"),
        ([*MADE_WITH, "--client-evaluation"], "without --client-evaluation"),
        (["--strategy", "FedAvgM"], "FedAvgM remembers earlier rounds"),
        (["--strategy", "FedAdam"], "FedAdam remembers earlier rounds"),
        (["--strategy", "FedYogi"], "FedYogi remembers earlier rounds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_strategy_c_or_mu_is_refused(stage, workspace, runs, words, advice):
    line = refused(stage, workspace, "server", *resumed(runs["chapter"], *words))
    assert re.search(advice, line) and "resume" in line


def test_a_resumed_run_is_the_run_that_was_not_interrupted(
    stage, workspace, runs, federate, tmp_path
):
    shutil.copytree(runs["chapter"], tmp_path / "copy")
    words = [tmp_path / "copy", *MADE_WITH, "--rounds", 3, "--resume"]
    again = run_quickly(stage, workspace, *words, programs=(SERVER, CLIENT))
    whole = federate(*MADE_WITH, "--rounds", 3)
    assert (again / "global_model.npz").read_bytes() == (whole / "global_model.npz").read_bytes()


@pytest.mark.parametrize(
    "whose, program",
    [
        ("lesson", SERVER),
        ("lesson", FEDERATION),
        ("chapter", ("server.py",)),
        ("chapter", ("federation.py",)),
    ],
)
def test_the_run_of_another_command_is_refused_in_a_line_that_names_it(
    stage, workspace, runs, whose, program
):
    run = runs[whose]
    before = snapshot(run)
    finished = stage.run(*program, *resumed(run, "--rounds", 2), cwd=workspace)
    assert finished.status == 2 and len(finished.stderr.splitlines()) == 1
    advice = "made by another command; resume it with python (.*), or with python "
    named = re.search(advice, finished.stderr)[1]
    assert {path: snapshot(run).get(path) for path in before} == before
    own = MADE_WITH if whose == "chapter" else []
    finished = stage.run(*named.split(), *resumed(run, *own, "--rounds", 2), cwd=workspace)
    assert finished.status == 0 and "has finished 2 rounds" in finished.stdout, finished
