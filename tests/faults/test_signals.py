"""Ctrl-C and SIGTERM, wherever they meet a server or a client: a clean end, a valid record, no leftovers."""

import signal

import psutil
import pytest

from tests.support.exclusive import is_free
from tests.support.harness import ROOT, wait_until

MORE_THAN_PYTHON = 150_000_000  # bytes: PyTorch takes more, and all that is imported before it less


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def stop_signal(request):
    """Ctrl-C or SIGTERM."""
    return request.param


def assert_ends_cleanly(actor, number):
    """Send the signal and check status and output."""
    actor.send(number)
    assert actor.wait() == 128 + number, actor
    assert "Traceback" not in actor.output
    if number == signal.SIGINT:
        assert actor.stderr.splitlines()[-1].endswith(".py: stopped")


def in_the_middle(federation, server_round=1, **options):
    """Start a federation; return server, client 1, which holds on in that round, and the other clients."""
    server = federation.server(**options)
    others = federation.everybody(but=[1])
    return server, federation.held(1, server_round), [*others.values()]


def assert_resumes(federation):
    """Check that the record is valid and that the run goes on to its end."""
    federation.assert_record_is_whole()
    federation.stage.clear()
    federation.finish(federation.server("--resume"))
    assert [row.round for row in federation.history()] == [0, 1, 2]


@pytest.fixture
def started_by_python(start, federation):
    """started_by_python() starts server.py in a Python of its own, which clears up at its end."""
    words = ["--clients", 3, "--rounds", 1, "--address", federation.address, "--run", "results/run"]
    return lambda: start([ROOT / "server.py", *words], federation.directory)


def test_a_server_and_a_client_that_wait_for_the_others_end_when_they_are_told_to(
    federation, started_by_python, stop_signal
):
    server, client = started_by_python(), federation.client(0)
    server.wait_for("joined: 1 of 3")
    server.wait_for("^Round +0 of")  # in either order
    assert_ends_cleanly(client, stop_signal)
    server.wait_for("^Client 0 left: 0 of 3 clients")
    assert_ends_cleanly(server, stop_signal)
    assert federation.counts() == [(0, 0, 0)]
    assert_resumes(federation)


def test_a_server_in_the_middle_of_a_round_ends_when_it_is_told_to(federation, stop_signal):
    server, _, others = in_the_middle(federation, server_round=2)
    assert_ends_cleanly(server, stop_signal)
    assert federation.counts() == [(0, 0, 0), (1, 3, 0)]
    for client in others:
        client.wait_for("^Waiting up to 120 s for a server")
    assert_resumes(federation)


def test_a_server_whose_client_is_frozen_ends_when_it_is_told_to(federation):
    server, frozen, _ = in_the_middle(federation)
    frozen.send(signal.SIGSTOP)
    assert_ends_cleanly(server, signal.SIGINT)


def test_a_signal_while_a_round_is_written_waits_for_the_whole_round(federation, stop_signal):
    """The signal comes at the first, a middle and the last write step of round 1, and the round counts."""
    clients = federation.everybody()
    for step in (1, 2, 4):
        server = federation.server(rounds=1000, moment=f"signal{stop_signal.value}@1.{step}")
        assert server.wait() == 128 + stop_signal, server
        assert "Traceback" not in server.stderr
        assert federation.counts() == [(0, 0, 0), (1, 3, 0)]
        federation.assert_record_is_whole()
    assert not any(client.ended for client in clients.values())


def test_a_client_that_waits_for_a_server_ends_when_it_is_told_to(federation, stop_signal):
    client = federation.client(0)
    client.wait_for("^Waiting up to 120 s for a server at")
    assert_ends_cleanly(client, stop_signal)


def test_a_client_in_the_middle_of_training_ends_when_it_is_told_to(federation, stop_signal):
    server, client, others = in_the_middle(federation)
    assert_ends_cleanly(client, stop_signal)
    for one in (server, *others):
        one.finish()
    assert federation.counts() == [(0, 0, 0), (1, 2, 1), (2, 2, 0)]


def test_a_client_that_computes_ends_when_it_is_told_to(federation):
    federation.server("--local-epochs", 100_000)
    clients = federation.everybody()
    clients[1].wait_for("train message")
    assert_ends_cleanly(clients[1], signal.SIGINT)


@pytest.mark.parametrize(
    "words", [["server.py"], ["client.py", "--partition-id", 0]], ids=["server", "client"]
)
def test_a_command_that_is_still_starting_ends_when_it_is_told_to(
    federation, start, words, stop_signal
):
    """Imports take seconds, and that is when people change their minds. Ctrl-C shows a traceback."""
    where = ["--address" if words[0] == "server.py" else "--server", federation.address]
    command = start([ROOT / words[0], *words[1:], *where], federation.directory)
    command.wait_until(lambda: imports_torch(command.number, words[0]), "PyTorch is being imported")
    command.send(stop_signal)
    assert command.wait() != 0
    assert stop_signal == signal.SIGINT or "Traceback" not in command.output


def imports_torch(number, script):
    """Return whether a process runs a script and has so much in memory that PyTorch has to be in it.

    The script is asked for first: before that the process is a copy of another, which may have all libraries.
    """
    try:
        process = psutil.Process(number)
        runs = any(script in word for word in process.cmdline())
        return runs and process.memory_info().rss > MORE_THAN_PYTHON
    except psutil.Error:
        return False


def test_a_second_signal_never_leaves_grpc_half_stopped(federation, stop_signal):
    """Its threads would wait for ever, and Flower would end the process with status 0 after 5 seconds."""
    server, _, _ = in_the_middle(federation, moment=f"again{stop_signal.value}")
    assert_ends_cleanly(server, signal.SIGTERM)
    federation.assert_record_is_whole()


def test_to_say_it_twice_does_no_harm(federation, stop_signal):
    """Ctrl-C first: it is SIGTERM first in the test above."""
    server, _, _ = in_the_middle(federation)
    server.send(signal.SIGINT)
    port = int(federation.address.split(":")[1])
    wait_until(lambda: is_free(port), "the server listens no more")
    server.send(stop_signal)
    assert server.wait() in (128 + signal.SIGINT, 128 + stop_signal)
    assert "Traceback" not in server.stderr
    federation.assert_record_is_whole()


def test_a_connection_closed_under_grpcs_eyes_prints_nothing(federation):
    """gRPC watches channels in threads that may meet a closed one, and would print a traceback."""
    federation.server(rounds=1)
    federation.everybody(but=[1])
    client = federation.liar(1, "closed channel")
    client.finish()
    assert client.found("A thread of gRPC has met a closed channel")
    assert "Traceback" not in client.stderr


def test_signals_after_the_end_of_a_run_print_no_traceback(
    federation, started_by_python, stop_signal
):
    """A server that is told to stop now, again and again, has nothing to complain about."""
    server = started_by_python()
    federation.everybody()
    server.wait_for("^The record of this run")

    def has_ended():
        server.send(stop_signal)
        return server.ended

    wait_until(has_ended, "the server ends")
    assert server.wait() in (0, 128 + stop_signal, -stop_signal)
    assert "Traceback" not in server.stderr
    federation.assert_record_is_whole()
