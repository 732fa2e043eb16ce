"""events.jsonl says what happened: held against the history, every byte, round and client."""

import errno
import json
import os
import signal
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta

import numpy as np
import pytest
from flwr.common import Parameters, ndarrays_to_parameters

from support.events import EventLog
from support.recorded_strategy import some_weights
from support.tables import Round
from tests.support.federation import SIZES
from tests.watch.runs import write


def events_in(run):
    """Return the events of a run as dicts; every line has to be whole."""
    return [json.loads(line) for line in (run / "events.jsonl").read_bytes().splitlines()]


def of(events, what, server_round=None):
    """Return the events of a kind, of one round if that is given."""
    told = [event for event in events if event["what"] == what]
    return told if server_round is None else [one for one in told if one["round"] == server_round]


def assert_they_agree(events, history):
    """Check the events against every row of the history."""
    results = [
        (one["round"], one["loss"], one["accuracy"], one["took"]) for one in of(events, "evaluated")
    ]
    assert results == [(row.round, row.loss, row.accuracy, row.seconds) for row in history]
    for row in history:
        for what, wanted in {"sent": row.bytes_sent, "received": row.bytes_received}.items():
            assert sum(one["bytes"] for one in of(events, what, row.round)) == wanted
        kinds = ("left_out", "missing")
        assert sum(len(of(events, what, row.round)) for what in kinds) == row.failures
        if row.round:
            assert of(events, "averaged", row.round)[0]["clients"] == row.clients


@pytest.fixture(scope="module")
def finished(make_federation, shared_stage, tmp_path_factory):
    """The events and the history of a run in which client 1 lies in round 2, and client 2 dies in round 3."""
    federation = make_federation(tmp_path_factory.mktemp("watched"))
    server = federation.server(rounds=3)
    federation.client(0)
    federation.liar(1, "NaN@2only")
    federation.held(2, server_round=3).kill()
    assert server.wait() == 0, server
    events, history = events_in(federation.run), federation.history()
    shared_stage.clear()
    return events, history


def test_every_byte_round_and_client_is_told_and_why_one_is_left_out(finished):
    events, history = finished
    assert_they_agree(events, history)
    for number, there in {1: 3, 2: 3, 3: 2}.items():
        assert of(events, "round", number)[0]["asked"] == [0, 1, 2]
        images = {event["client"]: event["images"] for event in of(events, "received", number)}
        assert images == dict(enumerate(SIZES[:there]))
    joined = of(events, "joined")
    assert sorted(one["client"] for one in joined) == [0, 1, 2]
    assert [one["here"] for one in joined] == [1, 2, 3]
    (left_out,), (missing,) = (of(events, what) for what in ("left_out", "missing"))
    assert (left_out["round"], left_out["client"]) == (2, 1) and "NaN" in left_out["reason"]
    assert (missing["round"], missing["client"]) == (3, 2)
    assert of(events, "left")[0]["client"] == 2  # before or after it is missed


def test_some_weights_are_told_and_the_average_is_that_of_the_updates(finished):
    """An average by hand, of what the events tell: weighted by images, without the lie of round 2."""
    events, _ = finished
    for number in (1, 2, 3):
        lies = {event["client"] for event in of(events, "left_out", number)}
        updates = [one for one in of(events, "received", number) if one["client"] not in lies]
        assert all(len(one["weights"]) == 9 for one in updates)
        images = [one["images"] for one in updates]
        mean = np.average([one["weights"] for one in updates], axis=0, weights=images)
        (averaged,) = of(events, "averaged", number)
        assert averaged["weights"] == pytest.approx(mean, abs=2e-4)
        assert averaged["weights"] != of(events, "round", number)[0]["weights"]


def test_events_begin_and_end_and_time_goes_on(finished):
    events, _ = finished
    assert (events[0]["what"], events[0]["clients"], events[0]["rounds"]) == ("started", 3, 3)
    assert events[-1]["what"] == "finished"
    times = [datetime.fromisoformat(event["time"]) for event in events]
    assert times[0].utcoffset() == timedelta(0)
    seconds = [event["seconds"] for event in events]
    # The two clocks are read one after the other.
    passed = [(time - times[0]).total_seconds() for time in times]
    assert seconds == sorted(seconds) and seconds == pytest.approx(passed, abs=1)


def set_the_clock(run, **back):
    """Let the run's events be of a time when the clock was behind by `back`, as timedelta takes it."""
    events = events_in(run)
    for event in events:
        event["time"] = (datetime.fromisoformat(event["time"]) - timedelta(**back)).isoformat()
    write(run / "events.jsonl", events)


def test_a_run_that_is_resumed_twice_has_every_round_once(federation):
    """Killed in the middle of a round, and stopped between two: nothing that was rolled back stays.

    Meanwhile the clock is set, back by an hour and on by a year: the run's seconds are its own.
    """
    began = time.monotonic()
    server = federation.server(rounds=1000)
    others = federation.everybody(but=[1])
    slow = federation.held(1, server_round=2)
    server.kill()
    assert of(events_in(federation.run), "round", 2)
    slow.kill()
    set_the_clock(federation.run, hours=-1)
    federation.client(1)
    again = federation.server("--resume", rounds=1000)
    again.wait_for("^Round +4 of")
    again.send(signal.SIGINT)
    assert again.wait() == 130
    last = federation.history()[-1].round
    set_the_clock(federation.run, days=365)
    assert federation.server("--resume", rounds=last + 2).wait() == 0
    assert all(client.wait() == 0 for client in others.values())
    events = events_in(federation.run)
    assert_they_agree(events, federation.history())
    assert [event["round"] for event in of(events, "resumed")] == [1, last]
    assert max(Counter(event["round"] for event in of(events, "round")).values()) == 1
    assert of(events, "stopped") == []  # that was rolled back: the run went on
    seconds = [event["seconds"] for event in events]
    assert seconds == sorted(seconds) and seconds[0] >= 0 and seconds[-1] < time.monotonic() - began


def test_a_run_that_is_stopped_says_by_what(federation):
    server = federation.server()
    federation.client(0)
    server.wait_for("joined: 1 of 3")
    server.wait_for("^Round +0 of")
    server.send(signal.SIGTERM)
    server.wait()
    last = events_in(federation.run)[-1]
    assert (last["what"], last.get("reason")) == ("stopped", "by a signal")


def resumed(directory, lines):
    """Return the lines of a run that goes on after round 1, with `lines` as those of an earlier run."""
    path = directory / "events.jsonl"
    path.write_bytes(b"".join(lines))
    with closing(EventLog(directory)) as log:
        log.resume(ROW)
        log.tell("resumed", round=1)
    return path.read_bytes().splitlines(keepends=True)


def test_an_earlier_run_is_replaced_only_when_a_new_one_has_begun_and_nothing_is_told_after_the_end(
    tmp_path,
):
    """Clients that hang up while the server ends, say: they are told of by other threads."""
    path = tmp_path / "events.jsonl"
    path.write_text("an earlier run\n", encoding="utf-8")
    with closing(EventLog(tmp_path)) as log:
        log.tell("evaluated", round=1, loss=float("nan"), accuracy=float("inf"), clients=[1, 2])
        assert path.read_text(encoding="utf-8") == "an earlier run\n"
        log.begin()
        log.end("finished")
        log.tell("left", client=0)
    first, last = events_in(tmp_path)
    assert (first["loss"], first["accuracy"], first["clients"]) == (None, None, [1, 2])
    assert last["what"] == "finished"


ROW = Round(1, 0.5, 0.75, 2.0, 3, 0, 300, 300)
LINES = [
    b'{"time": "2026-01-02T03:04:05+00:00", "seconds": 1.0, "what": "joined", "client": 0}\n',
    b'{"seconds": 2.0, "what": "evaluated", "round": 1}\n',
    b'{"seconds": 3.0, "what": "round", "round": 2, "asked": [0]}\n',
    b'{"seconds": 4.0, "what": "le',
]
STOPPED = b'{"seconds": 2.0, "what": "stopped", "reason": "by Ctrl-C"}\n'


@pytest.mark.parametrize(
    "lines, kept, made_up",
    [
        (LINES, 2, 0),
        (LINES[:1] + LINES[2:], 1, 1),  # killed between the commit and the event
        ([LINES[0], STOPPED], 1, 1),  # stopped there
        ([LINES[0], b"\xff{damaged\n", *LINES[1:]], 3, 0),
        ([], 0, 1),
        ([LINES[3]], 0, 1),
    ],
)
def test_what_was_rolled_back_goes_and_what_is_on_record_is_told(tmp_path, lines, kept, made_up):
    after = resumed(tmp_path, lines)
    assert after[:kept] == lines[:kept] and len(after) == kept + made_up + 1
    if made_up:
        event = json.loads(after[kept])
        assert (event["what"], event["round"], event["accuracy"]) == ("evaluated", 1, 0.75)
    assert json.loads(after[-1])["what"] == "resumed"


@pytest.mark.parametrize("damage", [b"-3540", b'"soon"', b"NaN", b"1e999", b"[0]", b"null"])
def test_seconds_that_cannot_be_are_passed_over(tmp_path, damage):
    """A clock that was set has left some in the files of earlier versions."""
    *_, last = resumed(tmp_path, [LINES[0], LINES[1].replace(b"2.0", damage)])
    assert 1 <= json.loads(last)["seconds"] < 60  # goes on after the line before it


def test_without_events_a_run_ends_goes_on_and_comes_to_the_same(federation):
    """Begun without a file that can be written, and begun with one that cannot be read later."""
    events, models = federation.run / "events.jsonl", []
    for begins_with_events in (False, True):
        if begins_with_events:
            server = federation.server(rounds=1)
            federation.everybody()
            server.finish()
            events.unlink()
        events.mkdir(parents=True)
        server = federation.server(*["--resume"] * begins_with_events)
        federation.everybody()
        server.finish()
        (told,) = server.found(
            "^Cannot write results/run/events.jsonl: (.*); this run cannot be watched"
        )
        assert told[1] == "Is a directory" and federation.counts()[-1] == (2, 3, 0)
        rows = [(row.loss, row.accuracy, row.bytes_sent) for row in federation.history()]
        models.append((rows, federation.model()))
        events.rmdir()
    assert models[0] == models[1]


def test_a_file_that_may_not_grow_is_given_up_once(stage, tmp_path):
    code = """
import resource

from support.events import EventLog
log = EventLog(".")
log.begin()
log.tell("joined", client=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (150, resource.RLIM_INFINITY))
for client in range(1, 4):
    log.tell("joined", client=client, reason="long" * 50)
log.close()
"""
    done = stage.run("-c", code, cwd=tmp_path, cold=True)
    assert done.status == 0
    [line] = (done.stdout + done.stderr).splitlines()
    assert line.startswith(f"Cannot write events.jsonl: {os.strerror(errno.EFBIG)}")
    whole, half = (tmp_path / "events.jsonl").read_bytes().splitlines(keepends=True)
    assert json.loads(whole)["client"] == 0 and not half.endswith(b"\n")


def test_weights_that_are_no_numbers_are_null_and_bytes_that_are_no_weights_none_at_all():
    some = ndarrays_to_parameters([np.array([[1.23456, np.nan], [-np.inf, 7]], np.float32)])
    assert some_weights(some) == [1.2346, None, None, 7.0]
    assert some_weights(ndarrays_to_parameters([np.arange(99)])) == list(range(9))
    for tensors in ([], [b""], [b"garbage"]):
        assert some_weights(Parameters(tensors, "numpy.ndarray")) == []
