"""Clients die, come back, join late and freeze, and the run goes on."""

import itertools
import queue
import signal
import socket
import statistics
import time
from contextlib import ExitStack

import grpc
import pytest
from flwr.proto.transport_pb2_grpc import FlowerServiceStub

from support.command_line import parse_options
from support.options import common_options, fault_options
from tests.support.wires import Wire

SILENT = "^Round {}: no update from Client 1; it has left, or took longer than --round-timeout$"


def test_a_client_killed_in_the_middle_of_training_is_done_without(federation):
    server = federation.server(rounds=3)
    others = federation.everybody(but=[1])
    federation.held(1, 2).kill()
    for one in (server, *others.values()):
        one.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 2, 1), (3, 2, 0)]
    assert server.found(SILENT.format(2))
    assert server.found("^Client 1 left: 2 of 3 clients$")
    federation.assert_record_is_whole()


@pytest.mark.parametrize(
    "words, lost", [([], [1, 2]), (["--min-clients", 3], [1])], ids=["half", "--min-clients 3"]
)
def test_with_too_few_clients_the_server_says_so_and_waits_until_enough_are_back(
    federation, words, lost
):
    server = federation.server(*words)
    federation.everybody(but=lost)
    for victim in [federation.liar(number, "hold") for number in lost]:
        victim.wait_for("^Round 1: holding")
        victim.kill()
    left = 3 - len(lost)
    server.wait_for(f"^Waiting for clients: {left} of 3 are here, {left + 1} needed$")
    federation.client(lost[0])
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, left, len(lost)), (2, left + 1, 0)]


@pytest.mark.parametrize("clients, enough", [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (10, 5)])
def test_half_of_the_clients_rounded_up_are_enough(clients, enough):
    args = parse_options(["--clients", clients], [common_options(), fault_options()])
    assert args.min_clients == enough


def test_a_client_that_comes_back_takes_part_from_the_next_round(federation):
    server = federation.server(rounds=3)
    federation.client(0)
    slow, victim = federation.liar(2, "hold@2"), federation.held(1, 2)
    slow.wait_for("^Round 2: holding")
    victim.kill()
    server.wait_for("^Client 1 left")
    again = federation.client(1)
    server.wait_for("^Client 1 joined", times=2)
    federation.release(2)
    server.finish()
    assert [match[1] for match in again.found(r"^Round (\d): trained")] == ["3"]
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 2, 1), (3, 3, 0)]


def test_patience_ends_the_wait_for_others_and_who_joins_late_takes_part_from_the_next_round(
    federation,
):
    server = federation.server("--min-clients", 1, "--patience", 0.5)
    federation.held(1)
    late = federation.client(2)
    server.wait_for("^Client 2 joined")
    federation.release(1)
    server.finish()
    assert [match[1] for match in late.found(r"^Round (\d): trained")] == ["2"]
    assert federation.counts() == [(0, 0, 0), (1, 1, 0), (2, 2, 0)]


def test_a_client_that_freezes_while_it_trains_is_dropped_and_may_come_back(federation):
    server = federation.server("--round-timeout", 4, moment="pause@2")
    federation.everybody(but=[1])
    frozen = federation.held(1)
    frozen.send(signal.SIGSTOP)
    server.wait_for("^Client 1 left: 2 of 3 clients$")
    server.wait_for("Pausing before round 2")
    assert federation.counts() == [(0, 0, 0), (1, 2, 1)]
    assert server.found(SILENT.format(1))
    federation.release(1)
    frozen.send(signal.SIGCONT)
    frozen.wait_for("^Lost the server")
    server.wait_for("^Client 1 joined", times=2)
    federation.release("server")
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 2, 1), (2, 3, 0)]
    assert frozen.found("^Round 2: trained")


def test_a_client_that_freezes_while_it_waits_is_dropped(federation):
    server = federation.server("--round-timeout", 4, moment="pause@1")
    clients = federation.everybody()
    server.wait_for("joined", times=3)
    server.wait_for("Pausing before round 1")
    clients[1].send(signal.SIGSTOP)
    federation.release("server")
    server.wait_for(SILENT.format(1))
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 2, 1), (2, 2, 0)]


def test_a_second_client_for_one_partition_is_refused_and_not_counted(federation):
    server = federation.server(rounds=1)
    federation.everybody(but=[1])
    federation.held(1)
    assert federation.client(1).complaint() == (
        f"client.py: the server at {federation.address} refuses: client 1 takes part already"
    )
    assert server.found("^Client 1 refused: client 1 takes part already$")
    federation.release(1)
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0)]


def test_a_client_that_comes_back_insists_while_its_old_connection_is_in_the_way(federation):
    server = federation.waiting_server(moment="pause@2")  # before it, a wire leads nowhere
    with Wire(federation.address) as wire:
        federation.everybody(but=[1])
        client = federation.client(1, server=wire.address)
        server.wait_for("Pausing before round 2")
        wire.cut_off_clients()
        client.wait_for("^Lost the server at ")
        server.wait_for("^Client 1 refused: client 1 takes part already$", times=2)
        assert not client.ended
        wire.let_go_of_the_server()
        server.wait_for("^Client 1 left")
        server.wait_for("^Client 1 joined", times=2)
        federation.release("server")
        assert (server.wait(), client.wait()) == (0, 0)
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]


def test_a_client_looks_for_its_server_every_second(federation):
    """By itself, gRPC would pause for up to two minutes between attempts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = federation.client(0, server=f"127.0.0.1:{listener.getsockname()[1]}")
        moments = []
        while len(moments) < 8:
            listener.accept()[0].close()  # something is there, which does not speak gRPC
            moments.append(time.monotonic())
        assert not client.ended
    pauses = [later - sooner for sooner, later in itertools.pairwise(moments)]
    assert statistics.median(pauses) < 2.5  # gRPC's would grow: 4 seconds, though one may come late


def test_a_client_that_is_still_in_its_roll_call_when_the_run_ends_goes_home(federation):
    server = federation.server("--patience", 0.5, rounds=1)
    federation.client(0)
    federation.held(2)
    late = federation.liar(1, "late")
    late.wait_for("^Round 0: holding")
    federation.release(2)
    server.wait_for("^Round +1 of 1")
    federation.release(1)
    assert (server.wait(), late.wait()) == (0, 0)
    assert not late.found("^Lost the server")


def test_clients_that_do_not_say_who_they_are_take_part(federation):
    server = federation.waiting_server()  # the shortest of clients waits for no server
    shy = [federation.liar(number, "shy") for number in (0, 2)]
    federation.client(1)
    for one in (server, *shy):
        one.finish()
    assert federation.counts() == [(0, 0, 0), (1, 3, 0), (2, 3, 0)]
    assert len(server.found(r"^A client without a number \(\w{6}\) joined")) == 2


def test_connections_that_say_nothing_or_do_not_speak_grpc_hold_nobody_up(federation):
    server = federation.waiting_server(rounds=1)
    host, port = federation.address.split(":")
    with ExitStack() as strangers, grpc.insecure_channel(federation.address) as channel:
        for greeting in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b""):
            stranger = strangers.enter_context(socket.create_connection((host, int(port))))
            stranger.sendall(greeting)
        answers = queue.Queue()
        FlowerServiceStub(channel).Join(iter(answers.get, None))
        federation.finish(server)
        answers.put(None)
    assert federation.counts() == [(0, 0, 0), (1, 3, 0)]
    assert "Traceback" not in server.stderr
