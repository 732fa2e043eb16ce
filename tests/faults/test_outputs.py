"""Where the picture goes, and what a run is called: nothing is replaced that is not a picture's file."""

import os
import stat

import pytest

import plot_accuracy
from tests.support.small import PNG, write_history

CSV, PICTURE = "results/fedavg/history.csv", "results/fedavg/accuracy.png"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A directory with the run results/fedavg; we are in it."""
    write_history(tmp_path / "results/fedavg", (0.1, 0.5))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_draws(file, *words):
    """Check that plot_accuracy.py, given `words`, draws into `file`."""
    plot_accuracy.main(list(words))
    assert file.read_bytes().startswith(PNG)


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFIFO], ids=["device", "FIFO"])
def test_what_is_no_file_is_never_replaced_nor_waited_for(run, stage, kind):
    try:
        os.mknod(run / "special.png", kind | 0o600, os.makedev(1, 3))
    except OSError:
        pytest.skip("may not make a device")
    drawing = stage.start("plot_accuracy.py", "--output", "special.png", cwd=run)
    assert "not a regular file" in drawing.complaint()
    assert stat.S_IFMT((run / "special.png").stat().st_mode) == kind


@pytest.mark.parametrize("is_there", [True, False], ids=["to a picture", "to nowhere"])
def test_a_link_stays_and_what_it_leads_to_keeps_its_mode(run, is_there):
    (run / "link.png").symlink_to("kept.png")
    if is_there:
        (run / "kept.png").touch()
        (run / "kept.png").chmod(0o640)
    assert_draws(run / "kept.png", "--output", "link.png")
    assert (run / "link.png").is_symlink()
    assert not is_there or stat.S_IMODE((run / "kept.png").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "word, picture",
    [("--output=~/x.png", "x.png"), ("~/results/fedavg/", PICTURE), (CSV, PICTURE)],
)
def test_a_home_directory_and_a_history_are_found(run, monkeypatch, word, picture):
    monkeypatch.setenv("HOME", str(run))
    assert_draws(run / picture, word)


def test_a_spreadsheets_byte_order_mark_does_no_harm(run):
    (run / CSV).write_bytes(b"\xef\xbb\xbf" + (run / CSV).read_bytes())
    assert_draws(run / PICTURE)


NAMES = ["_x", "-x", "~x", "$x_$y", "日本", "a\nb", "\udcff"]

# Makes an error of a missing glyph and of a label that legends leave out, and draws one run after the other.
STRICT = """
from support.command_line import run_command
import sys, warnings
import plot_accuracy
warnings.simplefilter("error", UserWarning)
for name in sys.argv[1:]:
    run_command(plot_accuracy.main, ["--", name])
"""


def test_whatever_a_run_is_called_it_is_drawn_and_named(run, stage):
    """In Python's narrowest encoding, as with LANG=C; its own glyphs are never missing, nor its legend."""
    for name in NAMES:
        write_history(run / name, (0.1, 0.5))
    narrow = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    finished = stage.run("-c", STRICT, *NAMES, cwd=run, cold=True, **narrow)
    assert (finished.status, finished.stderr) == (0, "")
    assert finished.stdout.count("Wrote ") == len(NAMES)
    for name in NAMES:
        assert (run / name / "accuracy.png").read_bytes().startswith(PNG)


# Ends with an error while a thread goes on giving work to an executor, as gRPC's does, until that fails.
STILL_SERVING = """
import atexit, sys, threading
from concurrent.futures import ThreadPoolExecutor
from support.command_line import RunError, run_command

def main():
    executor = ThreadPoolExecutor(1)
    thread = threading.Thread(target=lambda: [executor.submit(int) for _ in iter(int, 1)], daemon=True)
    atexit.register(thread.join)
    thread.start()
    raise RunError("the disk is full")

run_command(main)
"""


def test_threads_that_go_on_while_python_ends_add_nothing_to_the_one_line(tmp_path, stage):
    (tmp_path / "server.py").write_text(STILL_SERVING, encoding="utf-8")
    finished = stage.run(tmp_path / "server.py", cwd=tmp_path, cold=True)
    assert (finished.status, finished.stderr) == (1, "server.py: the disk is full\n")
