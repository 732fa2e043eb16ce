"""python -m beyond.practice as a reader types it: in processes, with answers that may do anything."""

import json
import os
import re
import signal
from subprocess import Popen
from types import SimpleNamespace

import pytest

from beyond.practice import runner
from beyond.practice.exercises import EXERCISES, Folder
from support.command_line import RunError
from tests.practice.answers import right_answer, wrong_answer
from tests.support.harness import PATIENCE, ROOT, processes_in, snapshot, wait_until
from tests.support.stage import Finished

COMMAND = ("-m", "beyond.practice")
DEAL = "return np.array_split("
STARTS = """import subprocess, threading, time
import numpy as np

subprocess.Popen(['sleep', '600'])
threading.Thread(target=time.sleep, args=(600,)).start()
"""
# What happens in the file, and what is said of it: all of it in one check.
STRANGE = {
    "deal": (DEAL, f"while True:\n        pass\n    {DEAL}", "Stopped after 4 seconds in line 1"),
    "weights": (
        "    return [tensor",
        "    import os\n    os._exit(0)\n    return [tensor",
        "It has ended the whole program (ended with status 0)",
    ),
    "config": (
        "    def instructions",
        "    exit()\n\n    def instructions",
        "This ends the whole program: take it out.",
    ),
    "evaluation": (
        "return loss, {",
        "return loss, {{",
        "practice/evaluation.py, line 20: return loss, {{",
    ),
    "without_nan": (
        "finite = [",
        "results['x']\n        finite = [",
        "all are averaged practice/without_nan.py, line 22, in aggregate_fit: results['x'] TypeError: list",
    ),
    "label": (
        "import numpy as np\n",
        STARTS,
        "right ten updates, each of one image: which digit was it?",
    ),
    "noise": (
        "floats = [",
        "print('length', clip)\n    floats = [",
        "It prints, first 'length 0.6'",
    ),
}


@pytest.fixture
def practice(stage, tmp_path):
    """practice(*words) runs the command in an empty directory; returns what it has come to."""
    return lambda *words: stage.run(*COMMAND, *words, cwd=tmp_path)


@pytest.fixture
def answers(tmp_path):
    """answers({name: text}) puts these answers into practice/."""

    def write(texts):
        (tmp_path / "practice").mkdir()
        for name, text in texts.items():
            (tmp_path / f"practice/{name}.py").write_text(text, encoding="utf-8")
        return tmp_path / "practice"

    return write


def said(finished):
    """Return what was printed, with lines that were wrapped in one."""
    return " ".join(finished.stdout.split())


def progress(directory):
    return json.loads((directory / "practice/progress.json").read_text(encoding="utf-8"))


def test_an_exercise_is_written_and_not_overwritten_without_a_word(practice, tmp_path):
    assert "0 of 10 are done. Next: python -m beyond.practice 1" in said(practice())
    assert "Wrote practice/fedavg.py" in practice(3).stdout
    file = tmp_path / "practice/fedavg.py"
    file.write_text("mine = 1\n", encoding="utf-8")
    assert "practice/fedavg.py is there, and stays as it is" in practice(3).stdout
    assert file.read_text(encoding="utf-8") == "mine = 1\n"
    assert "What you had is in practice/fedavg.py.old" in practice("reset", 3).stdout
    assert (tmp_path / "practice/fedavg.py.old").read_text(encoding="utf-8") == "mine = 1\n"
    assert "def weighted_mean" in file.read_text(encoding="utf-8")
    assert "open 3 The weighted mean" in said(practice())


def test_reset_loses_nothing(practice, tmp_path):
    folder = tmp_path / "practice"
    practice(3)
    assert "Nothing is written in practice/fedavg.py yet" in practice("reset", 3).stdout
    for text in ("first = 1\n", "second = 2\n"):
        (folder / "fedavg.py").write_text(text, encoding="utf-8")
        practice("reset", 3)
    assert (folder / "fedavg.py.old").read_text(encoding="utf-8") == "first = 1\n"
    assert (folder / "fedavg.py.old2").read_text(encoding="utf-8") == "second = 2\n"


def test_advice_names_the_folder_and_no_line_ends_in_blanks(practice):
    begun = practice("--folder", "other", 3).stdout
    assert "Then python -m beyond.practice check 3 --folder other" in begun
    listed = practice("--folder", "other").stdout
    assert "then python -m beyond.practice check --folder other (hint 3 helps)" in listed
    assert [line for line in listed.splitlines() if line != line.rstrip()] == []
    checked = practice("--folder", "other", "check", "all", 3)
    assert "give numbers, or all: python -m beyond.practice check all --folder other" in checked[2]


def test_a_function_is_tried_by_hand(answers, tmp_path, monkeypatch, capsys):
    answers({"fedavg": right_answer("fedavg")})
    page = (ROOT / "beyond/practice/README.md").read_text(encoding="utf-8")
    code = re.search(r'^python -c "(.*)"$', page, re.MULTILINE)[1]
    monkeypatch.syspath_prepend(tmp_path)
    exec(code)
    assert capsys.readouterr().out == "1.75\n"


def test_hint_and_solution_are_shown_when_asked_for(practice):
    assert "divided by all images together" in said(practice("hint", 3))
    solution = practice("solution", "fit").stdout
    assert solution.startswith("# client.py, line ") and "rng = np.random.default_rng" in solution


A_FILE = "a_file is a file, and answers are in a directory"
RUN = "python -m beyond.practice"


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["12"], f"there is no exercise '12'; {RUN} lists the 10 that there are"),
        (["chekc"], "there is no exercise 'chekc'"),
        (["hint"], f"give the number of one exercise: {RUN} hint 3"),
        (["check"], f"there is no answer in practice/; {RUN} 1 begins the first"),
        (["--seconds", "0", "check"], "'0' is not a number of seconds above 0, at most 1000000"),
        (["--folder", "a_file", "1"], A_FILE),
        (["--folder", "a_file"], A_FILE),
        (["--folder", "a_file", "check"], A_FILE),
        (["--folder", "a_file/inside", "1"], "cannot write to a_file/inside"),
        (["3", "check"], f"check comes first: {RUN} check 3"),
        (["1", "2"], f"give the number of one exercise: {RUN} 3"),
        (["--folder", "other one", "Check"], f"{RUN} 1 --folder 'other one' begins"),
    ],
)
def test_a_mistyped_command_is_told_what_to_do(practice, tmp_path, words, complaint):
    (tmp_path / "a_file").touch()
    before = snapshot(tmp_path)
    finished = practice(*words)
    assert finished.status == 2 and len(finished.stderr.splitlines()) == 1
    assert complaint in finished.stderr and snapshot(tmp_path) == before


def test_a_file_that_is_gone_is_missed(practice, tmp_path):
    practice(9)
    (tmp_path / "practice/label.py").unlink()
    assert "gone 9 Read a label off an update" in said(practice())
    finished = practice("check")
    again = "practice/label.py is gone: put it back, or python -m beyond.practice 9 writes it anew."
    assert finished.status == 1 and again in said(finished)
    assert progress(tmp_path) == {"label": None}


def test_a_file_that_is_put_back_is_as_done_as_it_was(practice, answers):
    folder = Folder(answers({"label": right_answer("label")}))
    folder.note(EXERCISES[8], passed=folder.digest(EXERCISES[8]))
    folder.file(EXERCISES[8]).rename(folder.where / "elsewhere")
    assert "gone" in practice("check").stdout
    (folder.where / "elsewhere").rename(folder.file(EXERCISES[8]))
    assert "done 9" in said(practice())


def test_what_is_checked_is_what_is_open_or_named(practice, answers):
    folder = Folder(answers({"label": right_answer("label")}))
    assert "begins it" in practice("check", 4).stderr
    folder.note(EXERCISES[8], passed=folder.digest(EXERCISES[8]))
    told = practice("check").stdout
    assert "Nothing is open in practice/. Next: python -m beyond.practice 1" in told
    assert "right ten updates" in said(practice("check", "all"))


def test_progress_that_is_damaged_is_begun_again(practice, answers):
    folder = answers({"deal": right_answer("deal")})
    (folder / "progress.json").write_text("[1, ", encoding="utf-8")
    assert "open 1 Deal the images out" in said(practice())


@pytest.fixture(scope="module")
def checked(shared_stage, tmp_path_factory):
    """(what checks of strange answers and of a right one have come to, their directory).

    A loop without an end takes all of its seconds; the others have as many as a busy machine may need.
    """
    directory = tmp_path_factory.mktemp("checked")
    folder = directory / "practice"
    folder.mkdir()
    for name, (*change, _) in STRANGE.items():
        (folder / f"{name}.py").write_text(wrong_answer(name, *change), encoding="utf-8")
    (folder / "fit.py").write_text(right_answer("fit"), encoding="utf-8")
    (directory / "temporary").mkdir()
    how = {"cwd": directory, "TMPDIR": str(directory / "temporary")}
    loop = shared_stage.run(*COMMAND, "check", "deal", "--seconds", 4, **how)
    others = [one.name for one in EXERCISES[1:] if one.name in (*STRANGE, "fit")]
    finished = shared_stage.run(*COMMAND, "check", *others, "--seconds", 60, **how)
    both = zip(loop[1:], finished[1:], strict=True)
    return Finished(finished.status, *map("".join, both)), directory


@pytest.mark.parametrize("name", STRANGE)
def test_what_an_answer_does_is_contained_and_said(checked, name):
    finished, _ = checked
    number = [exercise.name for exercise in EXERCISES].index(name) + 1
    _, _, after = said(finished).partition(f"Exercise {number}:")
    part, _, _ = after.partition("Exercise ")
    assert STRANGE[name][-1] in part, finished
    assert "Traceback" not in finished.stdout and "attempt.py" not in finished.stdout


def test_a_right_answer_trains_a_real_federation(checked):
    finished, directory = checked
    accuracies = re.search(r"accuracy of rounds 0 to 3 \(yours\): (.*)", finished.stdout)[1]
    first, *_, last = (float(one.strip(" %")) for one in accuracies.split(","))
    assert first < 20 and last > 75
    assert finished.status == 1 and finished.stderr == ""
    done = [name for name, passed in progress(directory).items() if passed]
    assert done == ["fit", "label", "noise"]


def test_a_check_leaves_answers_and_progress_and_nothing_else(checked):
    _, directory = checked
    files = {f"{name}.py" for name in (*STRANGE, "fit")}
    wait_until(lambda: not processes_in(directory), "the end of all processes")
    assert set(snapshot(directory / "practice")) == {*files, "progress.json"}
    left = os.listdir(directory / "temporary")
    assert not [name for name in left if not name.startswith("torchinductor")]  # PyTorch's own


def test_what_an_answer_has_started_ends_with_its_federation(tmp_path, monkeypatch):
    started = []

    def run_processes(context, *given, **doors):
        started.append(context.Process())
        raise RunError("stopped")

    monkeypatch.setattr(runner.federation, "run_processes", run_processes)
    context = SimpleNamespace(Process=lambda: Popen(["sleep", "600"], process_group=0))
    verdict = runner.Verdict()
    runner.federate(context, EXERCISES[3], tmp_path / "fit.py", tmp_path, 20, verdict)
    assert verdict.fault == ["stopped"] and started[0].wait(PATIENCE) == -signal.SIGKILL


def test_the_next_thing_is_the_first_that_is_not_right(checked):
    assert "Next: write in practice/weights.py, then" in checked[0].stdout.splitlines()[-1]


def test_two_checks_at_once_and_ctrl_c(stage, answers, tmp_path):
    folder = answers({"deal": wrong_answer("deal", *STRANGE["deal"][:2])})
    first = stage.start(*COMMAND, "check", "--seconds", 300, cwd=tmp_path)
    wait_until(lambda: len(processes_in(tmp_path)) > 1, "the answer's process")
    second = stage.start(*COMMAND, "check", cwd=tmp_path, beside=True)
    assert "another check runs here; wait until it has ended" in second.complaint()
    first.send(signal.SIGINT)
    assert first.wait() == 130 and first.stderr == "beyond.practice: stopped\n"
    wait_until(lambda: not processes_in(tmp_path), "the end of all processes")
    assert os.listdir(folder) == ["deal.py"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", [one.name for one in EXERCISES if one.runs and one.name != "fit"])
def test_every_federation_learns_with_a_right_answer(practice, answers, name):
    answers({name: right_answer(name)})
    finished = practice("check")
    assert finished.status == 0, finished
    assert "right a real federation of" in said(finished)
    assert "1 of 10 are done" in practice().stdout
