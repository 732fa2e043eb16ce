"""What the tests share: MNIST, a place to work in, processes, and a federation that several tests look at."""

import os
import shutil
import signal
import tempfile
import threading
from contextlib import ExitStack, closing
from functools import partial
from itertools import count

import pytest
import torch
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from support import command_line
from tests.support import shared
from tests.support.complaints import answer_to, complaint, refusal
from tests.support.federation import Federation
from tests.support.handmade import run_server
from tests.support.harness import ROOT, snapshot
from tests.support.marked import Place
from tests.support.small import read_mnist, write_history, write_partitions
from tests.support.stage import Stage

# What a shell starts with & ignores Ctrl-C, and would hand that on to every command a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("lesson", deadline=None, database=None)
settings.load_profile("lesson")

LONGEST = (  # files that begin first, so that in the end no worker waits for another
    "pages/test_lesson.py",
    "simulation/test_simulation.py",
    "deployment/test_deployment.py",
    "deployment/test_killed.py",
    "communication/test_compare.py",
    "access/test_strangers.py",
    "example_privacy/test_example_client.py",
    "pages/test_notebook.py",
    "lesson/test_reproducible.py",
    "lesson/test_telemetry.py",
    "example_privacy/test_example_federation.py",
    "mask_limits/test_targeted.py",
    "faults/test_other_systems.py",
    "simulation/test_endings.py",
    "watch/test_page.py",
    "defences/test_defences.py",
    "faults/test_signals.py",
    "faults/test_stopping.py",
    "heterogeneity/test_baselines.py",
    "faults/test_hosts.py",
    "faults/test_advice.py",
    "faults/test_tls.py",
    "faults/test_resume.py",
    "faults/test_clients.py",
)
STAGE = pytest.StashKey[Stage]()


def pytest_configure(config):
    """Keep what tests and processes write in one directory (the name is short: sockets need that)."""
    if not hasattr(config, "workerinput"):  # workers share it
        directory = tempfile.TemporaryDirectory(prefix="fl-", ignore_cleanup_errors=True)
        config.add_cleanup(directory.cleanup)
        os.environ["TMPDIR"] = directory.name
    tempfile.tempdir = os.environ["TMPDIR"]
    set_hypothesis_home_dir(tempfile.tempdir)


def pytest_collection_modifyitems(items):
    """Put the longest files first; a worker runs whole files, for their tests share what takes seconds."""
    longest = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: longest.get(item.path, len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Let nothing go on that a test, or a fixture for several tests, had started before it failed."""
    report = yield
    if report.failed and STAGE in item.config.stash:
        item.config.stash[STAGE].clear()
    return report


@pytest.fixture(scope="session")
def mnist():
    """MNIST, read from the archives without torchvision."""
    return read_mnist()


@pytest.fixture(autouse=True)
def no_command_has_run_here(monkeypatch):
    """Leave nothing of a command that a test runs in this process: its name, its signals, its silence."""
    monkeypatch.setattr(command_line, "_command", None)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def nowhere(tmp_path_factory):
    """An empty directory."""
    return tmp_path_factory.mktemp("nowhere")


@pytest.fixture(autouse=True)
def away_from_the_checkout(monkeypatch, nowhere):
    """Run tests where nothing is: partitions and results of the checkout are those of a reader's run."""
    monkeypatch.chdir(nowhere)
    yield
    assert not any(nowhere.iterdir()), "this test writes to the current directory"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Compute in this process as the clients do, which gives their very bits, and disturbs nobody beside."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_stage(tmp_path_factory, pytestconfig):
    """The stage that all tests of a worker share, for fixtures."""
    with closing(Stage(tmp_path_factory.mktemp("stage"))) as stage:
        pytestconfig.stash[STAGE] = stage
        yield stage


@pytest.fixture
def stage(shared_stage):
    """The stage, empty again when the test is over, however it ends."""
    yield shared_stage
    shared_stage.clear()


@pytest.fixture
def start(stage):
    """start(words, cwd) starts a command in a new Python, as a person does."""
    return lambda words, cwd, **options: stage.start(*words, cwd=cwd, cold=True, **options)


@pytest.fixture
def start_warm(stage):
    """start_warm(words, cwd) starts a command where its imports are done, which saves seconds."""
    return lambda words, cwd: stage.start(*words, cwd=cwd)


@pytest.fixture(scope="session")
def make_federation(shared_stage, mnist):
    """make_federation(directory) makes a federation of three clients with some 50 images each."""
    return lambda *where, **sizes: Federation(shared_stage, mnist, *where, **sizes)


@pytest.fixture
def federation(stage, make_federation, tmp_path):
    """A federation of which nothing runs yet, and of which nothing does after the test."""
    return make_federation(tmp_path)


@pytest.fixture(scope="session")
def repository_copy(tmp_path_factory):
    """A copy of what partition.py and beyond/ need, so that nothing is unpacked elsewhere."""
    copy = tmp_path_factory.mktemp("repository")
    for folder in ("support", "beyond"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "data/MNIST/raw").mkdir(parents=True)
    for file in [*ROOT.glob("*.py"), *ROOT.glob("data/MNIST/raw/*.gz")]:
        shutil.copy(file, copy / file.relative_to(ROOT))
    return copy


@pytest.fixture(scope="session")
def workspace(tmp_path_factory, mnist):
    """A directory with the small partitions of the shared federation."""
    directory = tmp_path_factory.mktemp("workspace")
    write_partitions(directory, mnist, shared.SIZES, shared.TEST_SIZE)
    return directory


@pytest.fixture(scope="session")
def federation_run(workspace, shared_stage):
    """The shared federation, made by `python federation.py` in a new Python."""
    words = [*shared.EPOCHS, "--parallel-clients", 2]
    return shared.run_at_once(shared_stage, workspace, "results/shared", *words, cold=True)


@pytest.fixture(scope="session")
def run_by_hand(workspace, shared_stage):
    """The shared federation, made by server.py and client.py."""
    try:
        return shared.run_by_hand(shared_stage, workspace, "results/by_hand")
    finally:
        shared_stage.clear()


@pytest.fixture
def federate(stage, workspace, tmp_path):
    """federate(*words) runs the shared federation with those options; returns the run's directory."""
    numbers = count()
    return lambda *words: shared.run_quickly(
        stage, workspace, tmp_path / f"run{next(numbers)}", *words
    )


@pytest.fixture
def aggregate(tmp_path, mnist, monkeypatch):
    """aggregate(clients, ...) runs server.py for handmade clients; see run_server."""
    write_partitions(tmp_path, mnist, sizes=[1], test_size=10)
    (tmp_path / "partitions/settings.json").unlink()  # so there are as many as a test says
    monkeypatch.chdir(tmp_path)
    return partial(run_server, monkeypatch)


@pytest.fixture
def place(tmp_path, mnist):
    """A directory with partitions for three clients and the results of an earlier run."""
    write_partitions(tmp_path, mnist, sizes=[20, 20, 20], test_size=20)
    run = tmp_path / "results/fedavg"
    write_history(run, [0.1])
    for name in ("state.zip", "run.json", "global_model.npz", "accuracy.png"):
        (run / name).write_text(f"an earlier {name}", encoding="utf-8")
    (tmp_path / "a_file").write_text("not a directory", encoding="utf-8")
    return tmp_path


@pytest.fixture
def refuses(place, stage):
    """refuses(program, *words, files) runs a command in `place`, where `files` hold other bytes.

    Checks that nothing has changed, and returns the one line of its complaint.
    """

    def run(program, *words, files=()):
        for file, content in dict(files).items():
            (place / file).write_bytes(content)
        before = snapshot(place)
        line = complaint(answer_to(stage, [program], program, *words, cwd=place), program)
        assert snapshot(place) == before
        return line

    return run


@pytest.fixture
def refuses_here():
    """refuses_here(module, *words) returns the line with which a command refuses; see refusal."""
    return refusal


@pytest.fixture
def make_place(tmp_path, mnist):
    """make_place(sizes, ...) makes the Place of a test, where nothing runs any more after it."""
    with ExitStack() as stack:
        yield lambda *sizes: stack.enter_context(closing(Place(tmp_path, mnist, *sizes)))


@pytest.fixture(scope="module")
def browser():
    """A headless browser of the system."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("no chromium here: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = driver.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()
