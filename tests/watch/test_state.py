"""What the page says of a run: computed from the state after its events, by node alone."""

import json

import pytest

from pages.watch.facts import read_events
from support.history import read_history
from tests.support.harness import ROOT
from tests.watch.javascript import run_javascript

SAYINGS = """
    const one = new record.Record();
    one.takeText(given.events.map((event) => JSON.stringify(event) + "\\n").join(""));
    const counts = given.counts ?? [one.events.length];
    return counts.map((count) => {
      const state = one.show(count);
      const clients = [...state.clients.values()];
      return {
        doing: words.doing(state, given.look), facts: words.facts(state),
        title: words.title(state, "x"), said: aloud.standing(state),
        clients: Object.fromEntries(clients.map(
          (client) => [client.name, words.words(client, state.seconds, state, given.look?.alive)])),
        traces: Object.fromEntries(clients.map((client) => [client.name, client.trace])),
        images: Object.fromEntries(clients.map((client) => [client.name, words.images(client)])),
        breaks: state.breaks.map(({ round, what, who }) => ({ round, what, who })),
        rounds: state.rounds, log: one.events.slice(0, count).map(words.line),
        damaged: one.damaged,
      };
    });
"""


@pytest.fixture
def says(tmp_path):
    """says(events, ...) returns what is said after all of them, or, with `counts`, after so many each."""

    def after(events, counts=None, **given):
        events = [{"seconds": at / 10, **event} for at, event in enumerate(events)]
        said = run_javascript(tmp_path, SAYINGS, {"events": events, "counts": counts, **given})
        return said if counts else said[0]

    return after


def who(client):
    """Return what an event says of a client."""
    return {"client": client, "name": f"Client {client}"}


def begin(clients=3, rounds=3):
    """Return the events up to the first round."""
    joined = (
        {"what": "joined", **who(k), "here": k + 1, "expected": clients} for k in range(clients)
    )
    waiting = {"what": "waiting", "here": 0, "expected": clients, "needed": clients}
    return [
        {"what": "started", "clients": clients, "rounds": rounds},
        {"what": "evaluated", "round": 0, "accuracy": 0.1, "loss": 2.3, "failures": 0},
        waiting,
        *joined,
    ]


def a_round(number, asked=(0, 1, 2), left_out=(), missing=(), images=10):
    """Return the events of a round in which each of `asked` sends an update, but for `missing`."""
    about = {"round": number}
    sent = [{"what": "sent", **about, **who(k), "bytes": 1000} for k in asked]
    update = {"what": "received", **about, "bytes": 1000, "took": 0.5, "images": images}
    events = [{"what": "round", **about, "asked": list(asked)}, *sent]
    events += [{**update, **who(k)} for k in asked if k not in missing]
    events += [{"what": "missing", **about, **who(k), "reason": "it has left"} for k in missing]
    reason = "it has NaN or infinity in array 0"
    events += [{"what": "left_out", **about, **who(k), "reason": reason} for k in left_out]
    failures = len(left_out) + len(missing)
    events.append({"what": "averaged", **about, "clients": len(asked) - failures})
    result = {"accuracy": number / 4, "loss": 1.0, "failures": failures}
    return [*events, {"what": "evaluated", **about, **result}]


def test_who_was_left_out_or_silent_is_seen_to_be_ever_after(says):
    events = begin() + a_round(1) + a_round(2, left_out=[1], missing=[2]) + a_round(3)[:1]
    said = says(events)
    reason = "left out in round 2: it has NaN or infinity in array 0"
    assert said["clients"]["Client 1"] == f"asked; {reason}"
    assert said["traces"] == {"Client 0": "aa", "Client 1": "ax", "Client 2": "am"}
    assert said["facts"]["failures"] == "2"
    end = says(events + a_round(3)[1:] + [{"what": "finished"}])
    assert end["clients"]["Client 1"] == f"has done its part: averaged in 2 of 3 rounds; {reason}"


@pytest.mark.parametrize("name", ["lesson", "faults"])
def test_failures_traces_and_accuracies_are_those_of_history_csv(says, name):
    said = says([{"seconds": 0, **event} for event in read_events(name)])
    history = read_history(ROOT / "recorded" / name)
    assert said["facts"]["failures"] == str(sum(row.failures for row in history))
    averaged = sum(trace.count("a") for trace in said["traces"].values())
    assert averaged == sum(row.clients for row in history)
    assert said["facts"]["accuracy"] == f"{100 * history[-1].accuracy:.2f} %"


def test_how_many_are_here_is_said_once_and_the_same(says):
    events = begin()
    for count, here in {3: 0, 4: 1, 5: 2}.items():
        [said] = says(events, counts=[count])
        verb = "is" if here == 1 else "are"
        assert said["doing"] == f"Waiting for clients: {here} of 3 clients {verb} here, 3 needed"
        absent = [name for name, does in said["clients"].items() if does == "not here yet"]
        assert len(absent) == 3 - here
    assert says(events)["doing"] == "3 of 3 clients are here; the round begins"
    resumed = [*events, {"what": "resumed", "round": 0, "clients": 3, "rounds": 3}]
    assert says(resumed)["doing"] == "Starting: 0 of 3 clients are here"


def test_who_is_not_asked_waits_for_nothing(says):
    said = says(begin() + a_round(1, asked=(0, 2))[:3])
    assert list(said["clients"].values()) == [
        "trains, 0 s",
        "not asked in this round",
        "trains, 0 s",
    ]
    end = says(begin() + a_round(1, asked=(0, 2)))
    assert end["traces"] == {"Client 0": "a", "Client 1": "-", "Client 2": "a"}


def test_a_server_that_is_gone_is_said_to_be_and_one_that_is_silent(says):
    events = begin() + a_round(1) + a_round(2)[:5]
    gone = says(events, look={"alive": False})
    assert gone["doing"] == "The server has gone without a word; the last round on record is 1"
    assert list(gone["clients"].values()) == [
        "update is in, after 0.5 s",
        *["was training when the server went"] * 2,
    ]
    idle = says(begin(), look={"alive": False})["clients"]
    assert set(idle.values()) == {"was here when the server went"}
    assert (
        says(events, look={"alive": True, "idle": 100})["doing"] == "Round 2: 1 of 3 updates are in"
    )
    silent = says(events, look={"alive": True, "idle": 600})["doing"]
    assert silent == "Round 2: 1 of 3 updates are in; nothing heard for 10 min"
    finished = [*begin(rounds=1), *a_round(1), {"what": "finished"}]
    assert says(finished, look={"alive": False, "idle": 9999})["doing"] == "Finished: 1 round"


def test_a_server_that_has_told_nothing_yet_is_said_to_start(says):
    """It holds the lock, and what is on record, if anything, is of an earlier run."""
    old = [*begin(rounds=1), *a_round(1), {"what": "finished"}]
    starts = {"alive": True, "starts": True}
    assert says([], look=starts)["doing"] == says(old, look=starts)["doing"]
    assert says([], look=starts)["doing"] == "The server is starting"
    assert says([], look={"alive": False})["doing"] == "Waiting for a run"
    # A server that has just told of its end holds the lock for a moment more.
    assert says(old, look={"alive": True})["doing"] == "Finished: 1 round"
    goes_on = says(old[:-1], look=starts)["doing"]
    assert goes_on == "Round 1 is finished"


def test_the_record_of_a_run_that_goes_on_says_of_when_it_is(says):
    look = {"alive": None, "exported": 1_767_323_045_678}
    events = begin() + a_round(1)[:5]
    assert says(events, look=look)["doing"] == (
        "Round 1: 1 of 3 updates are in; as of 2026-01-02 03:04:05 UTC, when this file was made"
    )
    end = [*begin(rounds=1), *a_round(1), {"what": "finished"}]
    assert says(end, look=look)["doing"] == "Finished: 1 round"


def test_failures_of_the_round_that_runs_count_until_history_has_them(says):
    events = begin() + a_round(1, left_out=[0]) + a_round(2, left_out=[1], missing=[2])
    assert says(events[:-2])["facts"]["failures"] == "3"
    assert says(events)["facts"]["failures"] == "3"
    stopped = says([*events[:-2], {"what": "stopped", "reason": "by Ctrl-C"}])
    assert stopped["facts"]["failures"] == "1"  # as history.csv has it
    clients = says(events[:-2])["clients"]
    assert clients["Client 1"] == "left out in round 2: it has NaN or infinity in array 0"
    assert clients["Client 2"] == "no update in round 2: it has left"


def test_who_leaves_because_the_server_stops_is_not_lost(says):
    """Client 0 went half a minute before; the others when the server hung up on them."""
    events = [{"seconds": 0.1, **event} for event in begin() + a_round(1) + a_round(2)[:5]]
    lost = {"seconds": 20.0, "what": "left", **who(0), "here": 2, "expected": 3}
    parting = [
        {"seconds": 50.0 + k, "what": "left", **who(k), "here": 2 - k, "expected": 3}
        for k in (1, 2)
    ]
    running = says([*events, lost, *parting])
    assert len(running["breaks"]) == 3 and running["said"].count("gone") == 3
    said = says([*events, lost, *parting, {"seconds": 53.0, "what": "stopped", "reason": "x"}])
    assert said["breaks"] == [{"round": 1, "what": "gone", "who": "Client 0"}]
    assert said["said"] == "Round 1: accuracy 25.00 %. Stopped: x; the last round on record is 1"
    assert said["clients"]["Client 0"].startswith("gone")
    assert said["clients"]["Client 1"] == "has done its part: averaged in 1 of 1 round"


def test_a_stopped_run_says_what_is_on_record_and_whose_the_accuracy_is(says):
    events = begin() + a_round(1) + a_round(2)[:5]
    said = says([*events, {"what": "stopped", "reason": "by Ctrl-C"}])
    assert said["doing"] == "Stopped: by Ctrl-C; the last round on record is 1"
    assert said["facts"]["accuracyOf"] == "Accuracy after round 1"
    assert (said["facts"]["round"], said["title"]) == ("2 of 3", "Round 1: 25.00 % · x")


def test_a_resumed_run_has_the_new_total_and_keeps_its_traces(says):
    events = begin() + a_round(1, left_out=[0])
    more = [{"what": "resumed", "round": 1, "clients": 3, "rounds": 20}]
    said = says(events + more)
    assert (said["rounds"], said["facts"]["round"]) == (20, "1 of 20")
    assert said["traces"]["Client 0"] == "x" and said["clients"]["Client 1"] == "not here yet"
    assert said["breaks"] == [{"round": 1, "what": "resumed", "who": ""}]
    assert "goes on after round 1, to round 20" in said["log"][-1]


def test_a_refused_twin_leaves_the_real_client_as_it_is(says):
    twin = {"what": "refused", **who(1), "reason": "client 1 takes part already"}
    said = says([*begin(), twin])
    assert said["clients"]["Client 1"] == "here"
    assert said["log"][-1].endswith("Client 1 refused: client 1 takes part already")
    early = says([*begin()[:3], {**twin, "reason": "it is late"}])
    assert early["clients"]["Client 1"] == "refused: it is late"


def test_what_strangers_do_makes_no_run_too_large(tmp_path):
    """They knock, come and go, and come under new numbers, more often than the page has room for."""
    code = """
        const one = new record.Record();
        one.takeText(given.map((event) => JSON.stringify({ seconds: 1, ...event }) + "\\n").join(""));
        const size = (value) => (value instanceof Map ? value.size : value?.length ?? 0);
        const state = one.show(Infinity);
        const lost = { what: "missing", round: 1, client: 10 ** 8, name: "x", reason: "x" };
        new aloud.Aloud().take(lost, run.after(state, lost));
        return [one.damaged, Math.max(...Object.values(state).map(size)), size(state.breaks)];
    """
    here = {"here": 1, "expected": 3}
    events = begin()
    for number in range(10_000):
        events += [
            {"what": "refused", **who(None), "reason": "no"},
            {"what": "left", **who(0), **here},
            {"what": "joined", **who(0), **here},
            {"what": "joined", **who(100 + number), **here},
        ]
    assert run_javascript(tmp_path, code, events) == [0, 10_000, 1000]


def test_who_leaves_is_gone_but_after_the_last_round(says):
    left = {"what": "left", **who(0), "here": 2, "expected": 3}
    stamp = {"time": "2026-01-02T03:04:05+00:00"}
    said = says([*begin(), *a_round(1), {**left, **stamp}])
    assert said["clients"]["Client 0"] == "gone since 03:04:05 UTC"
    assert said["said"] == "Round 1: accuracy 25.00 %. Client 0 is gone"
    assert said["breaks"] == [{"round": 1, "what": "gone", "who": "Client 0"}]
    back = {"what": "joined", **who(0), "here": 3, "expected": 3}
    assert says([*begin(), *a_round(1), left, back])["breaks"][-1]["what"] == "back"
    last = says([*begin(rounds=1), *a_round(1), left])
    assert last["clients"]["Client 0"] == "has done its part: averaged in 1 of 1 round"


def test_a_private_run_tells_of_no_client_and_nothing_is_made_up(says):
    quiet = [event for event in a_round(1) if event["what"] not in ("sent", "received")]
    said = says(begin() + quiet[:1])
    assert said["doing"] == "Round 1: 3 clients are asked"
    assert set(said["clients"].values()) == {"asked"}
    bytes_moved = {"bytes_sent": 3000, "bytes_received": 6000}
    quiet[-1] = {**quiet[-1], **bytes_moved}
    end = says(begin() + quiet)
    assert set(end["clients"].values()) == {"averaged"}
    assert end["facts"]["moved"] == "↓ 3 kB  ↑ 6 kB"
    loud = a_round(1)
    loud[-1] = {**loud[-1], **bytes_moved}
    assert says(begin() + loud)["facts"]["moved"] == "↓ 3 kB  ↑ 3 kB"  # as its events say


def test_what_the_server_makes_of_updates_is_what_the_settings_say(tmp_path):
    code = "return given.map((settings) => words.rule({ settings }))"
    average = "w = Σ nₖ/n · wₖ"
    rules = [
        ({}, average),
        ({"strategy": "fedprox"}, average),
        ({"strategy": "fedadam"}, f"{average}, then fedadam"),
        ({"target_epsilon": 8, "clip": 0.5}, "each clipped, plus noise"),
        ({"noise_multiplier": 1}, "each clipped, plus noise"),
        ({"shares": 3}, "known only as a sum"),
    ]
    assert run_javascript(tmp_path, code, [one for one, _ in rules]) == [rule for _, rule in rules]


def test_one_image_means_that_nobody_knows_and_seconds_are_seconds(says):
    events = begin() + a_round(1, images=1)
    assert set(says(events[:-2])["images"].values()) == {""}
    [line] = [line for line in says(events)["log"] if "update of Client 0" in line]
    assert line == "Round 1: update of Client 0, 1 kB, 0.5 s"
    assert says(events[:-2])["clients"]["Client 0"] == "update is in, after 0.5 s"
    assert set(says(begin() + a_round(1, images=2))["images"].values()) == {"2 images"}


READ_ALOUD = """
    const one = new record.Record();
    const aloud_ = new aloud.Aloud();
    one.takeText(given.events.map((event) => JSON.stringify(event) + "\\n").join(""));
    const said = [];
    one.events.slice().forEach((event, index) => {
      const time = given.pause * index;
      aloud_.take(event, one.show(index + 1), time);
      said.push(aloud_.next(time));
    });
    said.push(aloud_.next(Infinity));
    return said.filter(Boolean);
"""


@pytest.fixture
def reads(tmp_path):
    """reads(events, pause) returns what is read aloud when they come at intervals of `pause` milliseconds."""

    def read(events, pause):
        events = [{"seconds": at / 10, **event} for at, event in enumerate(events)]
        return run_javascript(tmp_path, READ_ALOUD, {"events": events, "pause": pause})

    return read


LEFT_OUT = "Client 1 left out in round 2: it has NaN or infinity in array 0"


def test_what_is_read_aloud_changes_with_outcomes_only(reads, says):
    events = begin() + a_round(1) + a_round(2, left_out=[1]) + a_round(3) + [{"what": "finished"}]
    rounds = [f"Round {number}: accuracy {25 * number}.00 %" for number in (1, 2, 3)]
    assert reads(events, 3000) == [
        *(rounds[0], LEFT_OUT, rounds[1], rounds[2], "Finished: 3 rounds"),
    ]
    assert says(events)["said"] == f"{rounds[2]}. Finished: 3 rounds"


def test_who_steps_by_hand_hears_of_every_event_at_once(tmp_path):
    code = """
        const one = new aloud.Aloud();
        return given.map((said, time) => { one.step(said); return one.next(time); });
    """
    said = ["Round 1: 3 clients asked", "Round 1: 1 kB of weights to Client 0"]
    assert run_javascript(tmp_path, code, said) == said


def test_clients_that_left_because_the_server_stopped_are_not_told_to_be_gone(reads):
    left = [{"what": "left", **who(k), "here": 2 - k, "expected": 3} for k in range(3)]
    idle = [{"what": "waiting", "here": 3, "expected": 3, "needed": 3}] * 20
    events = [*begin(), *a_round(1), *idle, *left, {"what": "stopped", "reason": "by Ctrl-C"}]
    assert reads(events, 200)[-2:] == [
        "Round 1: accuracy 25.00 %",
        "Stopped: by Ctrl-C; the last round on record is 1",
    ]


def test_a_server_that_goes_is_told_once(tmp_path):
    code = """
        const one = new record.Record();
        const aloud_ = new aloud.Aloud();
        one.takeText(given.map((event) => JSON.stringify({ seconds: 1, ...event }) + "\\n").join(""));
        const state = one.show(given.length);
        return [1, 2, 3, 4].map((look) => {
          aloud_.look(state, { alive: look === 1 });
          return aloud_.next(look * 10_000);
        });
    """
    gone = "The server has gone without a word; the last round on record is 1"
    assert run_javascript(tmp_path, code, begin() + a_round(1)) == ["", gone, "", ""]


def test_nothing_that_matters_is_lost_however_fast_a_run_is_played(reads):
    """Who went and came back within a moment, and who was left out three rounds ago, is still told."""
    away = [
        {"what": "left", **who(0), "here": 2, "expected": 3},
        {"what": "joined", **who(0), "here": 3, "expected": 3},
    ]
    events = begin(rounds=9) + a_round(1) + a_round(2, left_out=[1]) + away
    events += a_round(3, missing=[2]) + a_round(4)
    [said] = reads(events, 0.01)[1:]
    for text in (LEFT_OUT, "Client 0 is gone", "Client 0 is back", "Client 2 no update in round 3"):
        assert text in said
    assert said.count("accuracy") == 1 and "Round 4: accuracy 100.00 %" in said
    slowly = reads(events, 3000)
    assert slowly[3] == "Client 0 is gone. Client 0 is back"  # and no accuracy again
    lost = begin(10) + a_round(1, asked=range(10), missing=range(5))
    # The first was told before the others came.
    assert reads(lost, 0.01)[-1] == "4 updates are not in. Round 1: accuracy 25.00 %"


def test_every_moment_is_the_same_whichever_way_it_is_reached(tmp_path):
    """Forward event by event, back, and by jumps over more events than are between two kept states."""
    events = begin() + [event for number in range(1, 400) for event in a_round(number)]
    code = """
        const text = given.map((event) => JSON.stringify({ seconds: 1, ...event }) + "\\n").join("");
        const [one, other] = [new record.Record(), new record.Record()];
        one.takeText(text);
        other.takeText(text);
        const plain = (state) => JSON.stringify({ ...state, clients: [...state.clients.values()] });
        const counts = [3, 3500, 17, 2001, 4000, 1999, 0, 3990];
        return counts.map((count) => {
          const there = plain(one.show(count));
          const straight = run.emptyRun();
          for (const event of other.events.slice(0, count)) run.after(straight, event);
          return there === plain(straight);
        });
    """
    assert run_javascript(tmp_path, code, events) == [True] * 8


INCOMPLETE = [
    {"what": "received", "round": 1, **who(0), "bytes": 1000, "images": 10},
    {"what": "received", "round": 1, **who(0), "bytes": 1000, "took": "long", "images": 10},
    {"what": "evaluated", "round": 1, "accuracy": 0.5},
    {"what": "stopped"},
    {"what": "round", "round": 1},
    {"what": "joined", **who(0), "here": 1, "expected": 2, "seconds": None},
    {"round": 1},
    {"what": "started", "clients": 3, "rounds": 10**9},
    {"what": "started", "clients": 1e15, "rounds": 3},
    {"what": "resumed", "clients": 3, "rounds": 3, "round": -1},
    {"what": "evaluated", "round": 3 * 10**8, "accuracy": 0.5, "loss": 1.0},
    {"what": "round", "round": 1.5, "asked": [0]},
    {"what": "round", "round": 1, "asked": [0, -1, {}]},
    {"what": "joined", "client": {"a": 1}, "name": "x", "here": 1, "expected": 2},
    {"what": "left_out", "round": 1, "client": 10**12, "name": "x", "reason": "x"},
]


def test_an_incomplete_event_is_left_out_and_counted_and_an_unknown_one_is_shown(says):
    unknown = [{"what": "__proto__"}, {"what": "hasOwnProperty"}, {"what": "news"}]
    said = says(begin() + INCOMPLETE + unknown + a_round(1))
    assert (said["damaged"], said["facts"]["accuracy"]) == (len(INCOMPLETE), "25.00 %")
    assert "news" in said["log"] and "__proto__" in said["log"]


def test_lines_end_at_a_line_feed_only_wherever_a_piece_of_the_file_ends(tmp_path):
    events = [
        {"seconds": 1, "what": "stopped", "reason": f"a{mark}b"} for mark in "\u2028\u2029\u0085\r"
    ]
    text = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    code = """
        const { Record } = record;
        const bytes = new TextEncoder().encode(given);
        return Array.from({ length: bytes.length }, (_, cut) => {
          const one = new Record();
          one.takeBytes(bytes.slice(0, cut));
          one.takeBytes(bytes.slice(cut));
          return [one.events.length, one.damaged, one.position === bytes.length].join();
        });
    """
    assert set(run_javascript(tmp_path, code, text)) == {"4,0,true"}


def test_an_event_that_is_kept_as_numbers_is_the_same_when_it_is_shown(tmp_path):
    """Of more events than a block has: of a client without a number, with a fraction, and without weights."""
    sent = {"what": "sent", "round": 1, "bytes": 10**12 + 0.5}
    received = {**sent, "what": "received", "took": 0.1, "images": 7}
    clients = [who(0), who(1), {"client": None, "name": "Client 1"}]
    weights = [0.5, None, -1, 2, 0, 0, 0.25, 8, -0.125]
    events = [{**event, **client} for event in (sent, received) for client in clients]
    events += [{**event, **who(2), "weights": weights} for event in (sent, received)]
    code = """
        const one = new record.Record();
        const again = (_, index) => given.map((event) => ({ ...event, seconds: index / 8 }));
        const all = Array.from({ length: 1200 }, again).flat();
        one.takeText(all.map((event) => JSON.stringify(event) + "\\n").join(""));
        const { events } = one;
        const names = (event) => Object.keys(event).filter((name) => !["at", "time"].includes(name)).sort();
        const plain = (event) => JSON.stringify(names(event).map((name) => [name, event[name]]));
        const isSame = (event, index) => plain(events.at(index)) === plain(event);
        return [events.length, all.filter(isSame).length,
          events.at(events.length) ?? null, events.at(-1).seconds, events.slice(9598, 9999).length,
          events.entries.every((entry) => typeof entry === "number")];
    """
    wanted = [9600, 9600, None, 1199 / 8, 2, True]
    assert run_javascript(tmp_path, code, events) == wanted


def test_sizes_names_and_dashes(says, tmp_path):
    code = "return given.map(words.size)"
    sizes = {0: "0 bytes", 1: "1 byte", 999: "999 bytes", 187_944: "188 kB", 999_700: "1 MB"}
    sizes |= {93_972_000_000: "94 GB", 3_760_000: "3.76 MB"}
    assert run_javascript(tmp_path, code, list(sizes)) == list(sizes.values())
    long = {"what": "refused", "client": None, "name": "x" * 20_000, "reason": "it is long"}
    assert len(says([*begin(), long])["log"][-1]) < 100
    nothing = {"what": "evaluated", "round": 2, "accuracy": None, "loss": None}
    said = says([*begin(), *a_round(1), nothing])
    assert said["facts"]["accuracy"] == "–" and "accuracy –, loss –" in said["log"][-1]


def test_a_night_is_played_as_a_moment_and_said(tmp_path):
    stamp = "2026-01-0{}T0{}:00:00+00:00".format
    events = [
        {"seconds": 1.0, "time": stamp(1, 1), **a_round(1)[-1]},
        {
            "seconds": 1.5,
            "time": stamp(1, 9),
            "what": "resumed",
            "round": 1,
            "clients": 3,
            "rounds": 3,
        },
        {"seconds": 3.5, "time": stamp(1, 9), **begin()[3]},
        {"seconds": 95.5, "time": stamp(1, 9), **begin()[4]},
    ]
    code = """
        const one = new record.Record();
        one.takeText(given.map((event) => JSON.stringify(event) + "\\n").join(""));
        const pauses = (index) => [1, 16].map((speed) => replay.pauseBefore(one.events, index, speed));
        return [1, 2, 3].flatMap(pauses);
    """
    night, night16, soon, soon16, long, long16 = run_javascript(tmp_path, code, events)
    assert night == {"wait": 0.5, "passed": "8 h pass"} and night16["passed"] == "8 h pass"
    assert soon == {"wait": 2, "passed": ""} and soon16["wait"] == pytest.approx(0.3)
    assert long == {"wait": 5, "passed": "92 s pass"} and long16["wait"] == 5 / 16


def test_a_moment_has_an_address_and_the_same_place_in_another_run(tmp_path):
    runs = [
        begin() + a_round(1) + a_round(2),
        begin(10) + a_round(1, range(10)) + a_round(2, range(10)),
    ]
    code = """
        const [one, other] = given.map((events) => {
          const record_ = new record.Record();
          record_.takeText(events.map((event) => JSON.stringify({ seconds: 1, ...event }) + "\\n").join(""));
          return record_;
        });
        const there = (count) => other.countAt(one.place(count));
        const hashes = ["#round=1", "#event=4", "#event=999", "#round=9", "#nonsense", ""];
        const same = [1, 2].map((round) => there(one.ends[round]) === other.ends[round]);
        const round = other.place(there(one.ends[1] + 3)).round;
        return [...hashes.map((hash) => one.moment(hash)), ...same, there(0), round];
    """
    one = runs[0]
    first = len(begin()) + len(a_round(1))
    assert run_javascript(tmp_path, code, runs) == [
        *(first, 4, len(one), len(one), None, None, True, True, 0, 2),
    ]


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("clients", [0, 1, 3, 10, 100, 1000])
def test_everybody_has_a_place_of_their_own_within_the_page(tmp_path, width, clients):
    code = "return layout.layout(given.width, given.clients)"
    places = run_javascript(tmp_path, code, {"width": width, "clients": clients})
    boxes = [(round(box["x"], 3), round(box["y"], 3)) for box in places["boxes"]]
    assert len(set(boxes)) == clients
    for box, line in zip(places["boxes"], places["lines"], strict=True):
        assert box["x"] >= 0 and box["x"] + box["w"] <= width
        assert box["y"] + box["h"] <= places["height"]
        # From the server's lower edge to the middle of the box's upper one.
        assert line[0][1] == pytest.approx(places["server"]["y"] + places["server"]["h"])
        assert line[-1] == pytest.approx([box["x"] + box["w"] / 2, box["y"]])
        assert all(0 <= x <= width for x, _ in line)
