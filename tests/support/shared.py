"""The federation that several tests look at: made in one command, and made again by hand."""

from types import SimpleNamespace

from tests.support.harness import PROGRAMS, ROOT
from tests.support.ports import free_address

SIZES = (700, 500, 300)  # images of the clients
TEST_SIZE = 1000
ROUNDS = 2
LOCAL_EPOCHS = 2
CLIENTS = range(len(SIZES))
EPOCHS = ("--local-epochs", LOCAL_EPOCHS)


def server_words(run, *more):
    """Return an address and the words that server.py and federation.py take."""
    address = free_address()
    words = ["--clients", len(SIZES), "--rounds", ROUNDS, "--address", address, "--run", run]
    return address, [*words, *more]


def run_at_once(stage, directory, run, *more, program=("federation.py",), cold=False):
    """Run `python federation.py` from beginning to end; return its directory, status and output.

    `program` are the words that start a chapter's federation instead; with `cold`, a new Python runs it.
    """
    _, words = server_words(run, *more)
    finished = stage.run(*program, *words, cwd=directory, cold=cold)
    output = finished.stdout + finished.stderr
    return SimpleNamespace(run=directory / run, status=finished.status, output=output)


def run_quickly(stage, directory, run, *more, programs=(("server.py",), ("client.py",))):
    """Run server.py and its clients where imports are done already; return its directory.

    `programs` are the words that start a chapter's server and clients instead.
    """
    address, words = server_words(run, *more)
    actors = [stage.start(*programs[0], *words, cwd=directory)]
    for number in CLIENTS:
        words = ["--partition-id", number, "--server", address]
        actors.append(stage.start(*programs[1], *words, cwd=directory))
    for actor in actors:
        assert actor.wait() == 0, actor
    return directory / run


def run_by_hand(stage, directory, run):
    """Run it from four terminals: clients first, last one first, and server.py after them; see probe.py."""
    opened = directory / "opened"
    opened.mkdir()
    address, words = server_words(run, *EPOCHS, "--parallel-clients", len(SIZES))

    def start_probed(name, *command):
        probed = [PROGRAMS / "probe.py", opened / name, ROOT / command[0], *command[1:]]
        return stage.start(*probed, cwd=directory)

    clients = {}
    for number in reversed(CLIENTS):
        command = ["client.py", "--partition-id", number, "--server", address]
        clients[number] = start_probed(f"client_{number}", *command)
    for client in clients.values():
        client.wait_for("^Waiting up to ")
    waited = {number: client.output for number, client in clients.items()}
    server = start_probed("server", "server.py", *words)
    return SimpleNamespace(
        run=directory / run,
        statuses={name: one.wait() for name, one in [("server", server), *clients.items()]},
        server_output=server.output,
        client_outputs={number: client.output for number, client in clients.items()},
        waited=waited,
        opened={file.name: file.read_text("utf-8").splitlines() for file in opened.iterdir()},
    )
