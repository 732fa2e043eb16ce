"""What the tests share: MNIST, a place to work in, and two small federations that several tests look at."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

# isort: split
from harness import PATIENCE, ROOT, TESTS, Command, WarmPython, free_address  # noqa: E402
from small import read_mnist, write_partitions  # noqa: E402

import support.environment  # noqa: E402, F401  before flwr

# What a shell starts with & ignores Ctrl-C, and would hand that on to every command a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

HYPOTHESIS_HOME = tempfile.TemporaryDirectory(prefix="fl-")  # gone when Python ends
set_hypothesis_home_dir(HYPOTHESIS_HOME.name)
settings.register_profile("lesson", deadline=None, database=None)
settings.load_profile("lesson")

SIZES = (700, 500, 300)  # images of the clients of the shared federation
TEST_SIZE = 1000
ROUNDS = 2
LOCAL_EPOCHS = 2


def pytest_collection_modifyitems(items):
    """Let no test hang."""
    for item in items:
        item.add_marker(pytest.mark.timeout(2 * PATIENCE))


@pytest.fixture(scope="session", autouse=True)
def short_temporary_directory():
    """Keep what processes put into the temporary directory together (its sockets need a short path)."""
    earlier = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="fl-", ignore_cleanup_errors=True) as directory:
        os.environ["TMPDIR"] = directory
        yield directory
        os.environ.pop("TMPDIR")
        if earlier is not None:
            os.environ["TMPDIR"] = earlier


@pytest.fixture(scope="session")
def mnist():
    """MNIST, read from the archives without torchvision."""
    return read_mnist()


@pytest.fixture
def one_thread():
    """Compute in this process as the clients do, which gives their very bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def warm_python(tmp_path_factory, short_temporary_directory):
    """A quick way to run short commands."""
    python = WarmPython(tmp_path_factory.mktemp("warm"))
    yield python
    python.close()


@pytest.fixture
def start():
    """start(words, cwd) starts a command; whatever it has become, it ends with the test."""
    commands = []

    def start_one(words, cwd):
        commands.append(Command(words, cwd))
        return commands[-1]

    yield start_one
    for command in commands:
        command.close()


@pytest.fixture(scope="session")
def repository_copy(tmp_path_factory):
    """A copy of what partition.py and beyond/ need, so that nothing is unpacked elsewhere."""
    copy = tmp_path_factory.mktemp("repository")
    for file in ROOT.glob("*.py"):
        shutil.copy(file, copy)
    for folder in ("support", "beyond"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    (copy / "data/MNIST/raw").mkdir(parents=True)
    for archive in (ROOT / "data/MNIST/raw").glob("*.gz"):
        shutil.copy(archive, copy / "data/MNIST/raw")
    return copy


@pytest.fixture(scope="session")
def workspace(tmp_path_factory, mnist):
    """A directory with small partitions for three clients."""
    directory = tmp_path_factory.mktemp("workspace")
    write_partitions(directory, mnist, SIZES, TEST_SIZE)
    return directory


def server_words(address, run, *more):
    """Return the words that server.py and federation.py take for the shared federation."""
    words = ["--clients", len(SIZES), "--rounds", ROUNDS, "--local-epochs", LOCAL_EPOCHS]
    return [*words, "--address", address, "--run", run, *more]


@pytest.fixture(scope="session")
def federation_run(workspace, short_temporary_directory):
    """`python federation.py` from beginning to end: its directory of results, status and output."""
    words = server_words(free_address(), "results/shared", "--parallel-clients", 2)
    command = Command([ROOT / "federation.py", *words], workspace)
    try:
        status = command.wait()
    finally:
        command.close()
    return SimpleNamespace(run=workspace / "results/shared", status=status, output=command.output)


@pytest.fixture(scope="session")
def run_by_hand(workspace, short_temporary_directory):
    """The same federation from four terminals: clients first, last one first, and server.py after them.

    All of them under probe.py, so the answers reach the server in another order than in `federation_run`.
    """
    address = free_address()
    opened = workspace / "opened"
    opened.mkdir()
    commands = []

    def start_probed(name, *words):
        commands.append(Command([TESTS / "probe.py", opened / name, *words], workspace))
        return commands[-1]

    try:
        clients = {
            number: start_probed(
                f"client_{number}",
                ROOT / "client.py",
                "--partition-id",
                number,
                "--server",
                address,
            )
            for number in reversed(range(len(SIZES)))
        }
        for client in clients.values():
            client.wait_for("^Waiting up to ")
        waited = {number: client.output for number, client in clients.items()}
        words = server_words(address, "results/by_hand", "--parallel-clients", len(SIZES))
        server = start_probed("server", ROOT / "server.py", *words)
        statuses = {
            "server": server.wait(),
            **{number: client.wait() for number, client in clients.items()},
        }
    finally:
        for command in commands:
            command.close()
    return SimpleNamespace(
        run=workspace / "results/by_hand",
        statuses=statuses,
        server_output=server.output,
        client_outputs={number: client.output for number, client in clients.items()},
        waited=waited,
        opened={file.name: file.read_text().splitlines() for file in opened.iterdir()},
    )
