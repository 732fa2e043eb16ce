"""The server is killed at every moment that matters, and goes on: nothing is lost, nothing done twice."""

import os
import shutil
import signal
from dataclasses import replace
from multiprocessing import get_context
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.command_line import RunError, UserError
from support.run_record import RunRecord, own_directory
from support.tables import Round, read_history
from tests.programs import faulty_server
from tests.support.bad_values import DAMAGES, flipped
from tests.support.harness import snapshot

STEPS = 4  # fsync and rename calls when a round is recorded
COMMIT = 2  # the step that makes the round count: state.zip is replaced
DEATHS = [*(f"die@{{}}.{step}" for step in range(1, STEPS + 2)), "torn@{}.1"]
FULL_DISKS = [*(f"full@{{}}.{step}" for step in range(1, STEPS + 1)), "half@{}.1"]
ROUNDS = len(DEATHS) + 1


@pytest.fixture(scope="module")
def uninterrupted(make_federation, tmp_path_factory):
    """A run of ROUNDS rounds that nothing has happened to."""
    federation = make_federation(tmp_path_factory.mktemp("uninterrupted"))
    server = federation.server(rounds=ROUNDS, moment="count")
    federation.finish(server)
    federation.lines = server.lines
    return federation


@pytest.fixture
def interrupted(federation, uninterrupted):
    """A copy of the finished run, to be damaged and resumed."""
    shutil.copytree(uninterrupted.run, federation.run)
    return federation


def facts(federation):
    """Return what an interruption must not change in a history: everything but the seconds."""
    return [replace(row, seconds=0) for row in federation.history()]


def assert_same_result(federation, uninterrupted):
    """Check that rounds and model are those of the run that nothing happened to."""
    federation.assert_record_is_whole()
    assert facts(federation) == facts(uninterrupted)
    assert federation.model() == uninterrupted.model()


def test_the_deaths_tried_here_are_all_there_are(uninterrupted):
    steps = [line for line in uninterrupted.lines if "write steps" in line]
    assert steps == [f"Round {number}: {STEPS} write steps" for number in range(ROUNDS + 1)]


def test_a_server_killed_at_every_write_step_ends_with_the_model_of_an_uninterrupted_run(
    federation, uninterrupted
):
    clients = federation.everybody().values()
    words = []
    for number, death in enumerate([f"die@{{}}.{COMMIT}", *DEATHS]):
        server = federation.server(*words, rounds=ROUNDS, moment=death.format(number))
        assert server.wait() == -signal.SIGKILL
        words = ["--resume"]
    for one in (federation.server("--resume", rounds=ROUNDS), *clients):
        one.finish()
    assert_same_result(federation, uninterrupted)
    for client in clients:
        assert len(client.found("^Lost the server at ")) >= len(DEATHS) - 1
        assert "Traceback" not in client.stderr


def test_a_server_killed_while_it_waits_for_clients_goes_on(federation, uninterrupted):
    server = federation.server(rounds=ROUNDS)
    early = [federation.client(number) for number in (2, 0)]
    server.wait_for("^Client . joined: 2 of 3 clients$")
    server.wait_for("^Round +0 of")  # in either order
    server.kill()
    for client in early:
        client.wait_for(f"^Waiting up to 120 s for a server at {federation.address} ...$")
    again = federation.server("--resume", rounds=ROUNDS)
    federation.client(1)
    again.finish()
    assert_same_result(federation, uninterrupted)


def test_a_server_killed_in_the_middle_of_a_round_goes_on(federation, uninterrupted):
    server = federation.server(rounds=ROUNDS)
    federation.everybody(but=[1])
    federation.held(1, 2)
    server.kill()
    again = federation.server("--resume", rounds=ROUNDS)
    again.wait_for("joined: 2 of 3")
    federation.release(1)  # what it has trained was for a server that is gone
    again.finish()
    assert_same_result(federation, uninterrupted)


def test_a_client_that_is_tired_of_waiting_says_so_and_ends(federation):
    server = federation.waiting_server(rounds=1000)  # a server yet to come tires it, too
    federation.everybody(but=[1])
    impatient = federation.client(1, "--max-wait", 2)
    server.wait_for("^Round +1")
    server.kill()
    assert "no server answered" in impatient.complaint()
    assert impatient.found("^Lost the server at ")


def test_a_run_can_be_made_longer_and_then_has_nothing_left_to_do(federation, uninterrupted):
    federation.finish(federation.server(rounds=2))
    federation.finish(federation.server("--resume", rounds=ROUNDS))
    assert_same_result(federation, uninterrupted)
    before = snapshot(federation.directory)
    server = federation.server("--resume", rounds=ROUNDS)
    server.finish()
    said = f"results/run has finished {ROUNDS} rounds; ask for more with --rounds\n"
    assert (server.stdout, server.stderr) == (said, "")
    assert snapshot(federation.directory) == before


def test_a_server_that_finds_some_clients_gone_goes_on_with_enough_of_them(interrupted):
    server = interrupted.server("--resume", "--patience", 0.5, rounds=ROUNDS + 1)
    interrupted.everybody(but=[1])
    server.finish()
    assert interrupted.counts()[-2:] == [(ROUNDS, 3, 0), (ROUNDS + 1, 2, 0)]


# What is not gone on with


def test_resume_with_other_settings_partitions_or_files_is_refused(interrupted):
    path, state = interrupted.directory / "partitions/settings.json", interrupted.run / "state.zip"
    dealt, whole = path.read_bytes(), state.read_bytes()
    for words, files, said in (
        (["--seed", 1], {}, "--seed"),
        (["--local-epochs", 2], {}, "--local-epochs"),
        (["--clients", 2], {}, "--clients"),
        ([], {path: dealt.replace(b'"iid"', b'"shards"')}, "--scheme iid"),
        ([], {path: dealt, state: whole[:-1]}, "state.zip"),
    ):
        for file, content in files.items():
            file.write_bytes(content)
        before = snapshot(interrupted.directory)
        server = interrupted.server("--resume", *words, rounds=ROUNDS + 1)
        line = server.complaint()
        assert line.startswith("server.py: ") and said in line
        assert server.stderr == f"{line}\n"
        assert snapshot(interrupted.directory) == before


NAMES = ["weight", "bias"]
SETTINGS = {"seed": 0}


def a_row(number):
    """Return a round's line."""
    return Round(number, 2.3 / (number + 1), number / 10, 0.5, 3, 0, 1000, 1000)


def weights(number):
    """Return a round's weights."""
    rng = np.random.default_rng(number)
    return [rng.normal(size=(50, 60)).astype(np.float32), rng.normal(size=10).astype(np.float32)]


def open_record(directory):
    """Return the record in `directory`."""
    return RunRecord(directory, SETTINGS, dict(zip(NAMES, weights(0), strict=True)))


def record_rounds(directory, finished=-1):
    """Record the rounds 0 to 2, those after `finished` in the record that is there."""
    record = open_record(directory)
    if finished < 0:
        record.begin()
    else:
        record.resume(["seed"])
        for array, expected in zip(record.weights, weights(finished), strict=True):
            assert np.array_equal(array, expected)
        assert record.last_round == a_row(finished)
    for number in range(finished + 1, 3):
        record.add_round(a_row(number), weights(number))


def end_of(work):
    """Do `work()` in a fork of this process; return how that ended."""
    process = get_context("fork").Process(target=work)
    process.start()
    process.join()
    return process.exitcode


@pytest.fixture(scope="module")
def finished_record(tmp_path_factory):
    """A record of the rounds 0 to 2."""
    directory = tmp_path_factory.mktemp("record")
    record_rounds(directory)
    return directory


@pytest.fixture
def copied_record(tmp_path, finished_record):
    """A copy of the finished record, to be damaged."""
    return shutil.copytree(finished_record, tmp_path / "run")


def die_in(call, work):
    """Do `work()` in another process, which is killed when it calls this function of `os`."""

    def work_and_die():
        setattr(os, call, lambda *words: faulty_server.send(signal.SIGKILL))
        work()

    assert end_of(work_and_die) == -signal.SIGKILL


@pytest.mark.parametrize("server_round", [0, 1, 2])
@pytest.mark.parametrize("fault", DEATHS + FULL_DISKS)
def test_a_record_survives_a_death_and_a_full_disk_at_every_write_step(
    tmp_path, finished_record, server_round, fault
):
    def record_until_then():
        faulty_server.prepare(fault.format(server_round))
        with pytest.raises(RunError):  # the disk is full
            record_rounds(tmp_path)

    assert end_of(record_until_then) == (-signal.SIGKILL if fault in DEATHS else 0)
    if server_round > 0:
        assert read_history(tmp_path)[:server_round] == [a_row(n) for n in range(server_round)]
    record_rounds(tmp_path, server_round if int(fault[-1]) > COMMIT else server_round - 1)
    assert snapshot(tmp_path) == snapshot(finished_record)


def test_a_record_survives_a_death_while_it_is_resumed(copied_record, finished_record):
    (copied_record / "history.csv").unlink()  # as if it had died before
    die_in("replace", lambda: open_record(copied_record).resume(["seed"]))
    record_rounds(copied_record, finished=2)
    assert snapshot(copied_record) == snapshot(finished_record)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_earlier_run_survives_a_new_one_that_dies_before_it_begins(copied_record, call):
    die_in(call, open_record(copied_record).begin)
    record_rounds(copied_record, finished=2)


def damage_file(path, damage):
    """Do to the file `path` what one of DAMAGES does; None removes it."""
    if damage:
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    else:
        path.unlink()


@pytest.mark.parametrize("damage", [None, *DAMAGES])
def test_a_damaged_state_is_not_resumed_from(copied_record, damage):
    damage_file(copied_record / "state.zip", damage)
    assert_refused_or_unharmed(copied_record)


@pytest.mark.parametrize("name", ["history.csv", "global_model.npz", "run.json"])
@pytest.mark.parametrize("damage", [None, *DAMAGES])
def test_what_is_damaged_beside_the_state_is_written_again(
    copied_record, finished_record, name, damage
):
    damage_file(copied_record / name, damage)
    record_rounds(copied_record, finished=2)
    assert snapshot(copied_record) == snapshot(finished_record)


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_no_flipped_bit_is_resumed_from(finished_record, tmp_path_factory, data):
    directory = tmp_path_factory.getbasetemp() / "flipped"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(finished_record, directory)
    content = (directory / "state.zip").read_bytes()
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    (directory / "state.zip").write_bytes(flipped(content, bit))
    assert_refused_or_unharmed(directory)


def assert_refused_or_unharmed(directory):
    """Check that resuming refuses or, if the archive's remarks were damaged, gives the right weights."""
    before = snapshot(directory)
    record = open_record(directory)
    try:
        record.resume(["seed"])
    except UserError as error:
        assert "\n" not in str(error) and "state.zip" in str(error)
        assert snapshot(directory) == before
    else:
        assert all(map(np.array_equal, record.weights, weights(2)))
        assert record.last_round == a_row(2)


@pytest.mark.parametrize(
    "content", ["null", "[]", "{}", '{"settings": 1}', '{"settings": {}}', None]
)
def test_a_state_that_is_something_else_is_refused(copied_record, content):
    with ZipFile(copied_record / "state.zip", "w") as state:
        if content is not None:
            state.writestr("run.json", content)
    with pytest.raises(UserError, match="state.zip is damaged"):
        open_record(copied_record).resume(["seed"])


def test_a_record_without_a_round_leaves_the_directories_that_were_there(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("mine", "mine/new/deep"):
        with own_directory(tmp_path / name):
            assert (tmp_path / name).is_dir()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]
