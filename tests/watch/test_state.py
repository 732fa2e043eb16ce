"""What the page says of a run: computed from the state after its events, by node alone."""

from itertools import chain

import pytest

from pages.watch.facts import read_events
from support.tables import read_history
from tests.support.harness import ROOT
from tests.watch.runs import FINISHED, NAN, a_round, joined, left, who


def begin(clients=3, rounds=3):
    """Return the events up to the first round."""
    return [
        {"what": "started", "clients": clients, "rounds": rounds},
        {"what": "evaluated", "round": 0, "accuracy": 0.1, "loss": 2.3, "failures": 0},
        {"what": "waiting", "here": 0, "expected": clients, "needed": clients},
        *(joined(client, here=client + 1, expected=clients) for client in range(clients)),
    ]


def resumed(number, rounds=3):
    """Return the event of a server that goes on after a round."""
    return {"what": "resumed", "round": number, "clients": 3, "rounds": rounds}


@pytest.fixture
def says(javascript):
    """says((events, known), ...) returns what is said after events, and with what is known of the server."""
    code = """return given.map(([events, known]) => {
        const one = recordOf(events);
        const state = one.show(Infinity);
        const clients = [...state.clients.values()];
        const newest = one.events.at(-1);
        return {
          ...words.facts(state), doing: words.doing(state, known), title: words.title(state, "x"),
          said: aloud.standing(state), newest: newest && words.line(newest), damaged: one.damaged,
          clients: clients.map((client) => words.words(client, state.seconds, state, known.alive)),
          traces: clients.map((client) => client.trace), images: clients.map(words.images),
          breaks: state.breaks.map(({ round, what, who }) => [round, what, who]),
        };
    });"""
    return lambda *cases: javascript(code, cases)


STAMP = {"time": "2026-01-02T03:04:05+00:00"}
STOPPED = {"what": "stopped", "reason": "by Ctrl-C"}
IN_ROUND_2 = [*begin(), *a_round(1), *a_round(2)[:5]]
FAILING = [*begin(), *a_round(1, left_out=[0]), *a_round(2, left_out=[1], missing=[2])]
FAILED = [*begin(), *a_round(1), *a_round(2, left_out=[1], missing=[2])]
OVER = [*begin(rounds=1), *a_round(1), FINISHED]
PRIVATE = [event for event in a_round(1) if event["what"] not in ("sent", "received")]
TWIN = {"what": "refused", **who(1), "reason": "client 1 takes part already"}
GONE, STARTS = {"alive": False}, {"alive": True, "starts": True}
EXPORTED = {"alive": None, "exported": 1_767_323_045_678}
AS_OF = "as of 2026-01-02 03:04:05 UTC, when this file was made"
DOING = [
    (begin()[:3], {}, "Waiting for clients: 0 of 3 clients are here, 3 needed"),
    (begin()[:4], {}, "Waiting for clients: 1 of 3 clients is here, 3 needed"),
    (begin()[:5], {}, "Waiting for clients: 2 of 3 clients are here, 3 needed"),
    (begin(), {}, "3 of 3 clients are here; the round begins"),
    ([*begin(), resumed(0)], {}, "Starting: 0 of 3 clients are here"),
    ([*begin(), PRIVATE[0]], {}, "Round 1: 3 clients are asked"),
    (IN_ROUND_2, {"alive": True, "idle": 100}, "Round 2: 1 of 3 updates are in"),
    (IN_ROUND_2, {"idle": 600}, "Round 2: 1 of 3 updates are in; nothing heard for 10 min"),
    (IN_ROUND_2, GONE, "The server has gone without a word; the last round on record is 1"),
    (IN_ROUND_2, EXPORTED, f"Round 2: 1 of 3 updates are in; {AS_OF}"),
    ([*IN_ROUND_2, STOPPED], {}, "Stopped: by Ctrl-C; the last round on record is 1"),
    (OVER, {"alive": False, "idle": 9999}, "Finished: 1 round"),
    (OVER, EXPORTED, "Finished: 1 round"),
    (OVER, {"alive": True}, "Finished: 1 round"),  # the server holds the lock for a moment more
    (OVER, STARTS, "The server is starting"),  # what is on record is of an earlier run
    (OVER[:-1], STARTS, "Round 1 is finished"),
    ([], STARTS, "The server is starting"),
    ([], GONE, "Waiting for a run"),
]


def test_what_the_server_does_is_said_and_whether_it_has_gone(says):
    said = says(*(case for *case, _ in DOING))
    assert [one["doing"] for one in said] == [doing for *_, doing in DOING]


NAN_1, NAN_2 = (f"left out in round {number}: {NAN}" for number in (1, 2))
LEFT_2 = "no update in round 2: it has left"
ABSENT, ANSWERED, AVERAGED = "not here yet", "update is in, after 0.5 s", "averaged, after 0.5 s"
PART = "has done its part: averaged in"
PARTS = [f"{PART} 3 of 3 rounds", *(f"{PART} 2 of 3 rounds; {why}" for why in (NAN_2, LEFT_2))]
NOT_1 = a_round(1, asked=(0, 2))
DOES = [
    (begin()[:4], {}, ["here", ABSENT, ABSENT]),
    (begin()[:5], {}, ["here", "here", ABSENT]),
    (begin(), GONE, ["was here when the server went"] * 3),
    ([*begin()[:3], TWIN], {}, [ABSENT, f"refused: {TWIN['reason']}", ABSENT]),
    ([*begin(), TWIN], {}, ["here"] * 3),  # the real one is as it was
    ([*begin(), left(0) | STAMP], {}, ["gone since 03:04:05 UTC", "here", "here"]),
    ([*begin(), PRIVATE[0]], {}, ["asked"] * 3),
    ([*begin(), *PRIVATE], {}, ["averaged"] * 3),
    ([*begin(), *NOT_1[:3]], {}, ["trains, 0 s", "not asked in this round", "trains, 0 s"]),
    (IN_ROUND_2, GONE, [ANSWERED, *["was training when the server went"] * 2]),
    (FAILING[:-2], {}, [f"{ANSWERED}; {NAN_1}", NAN_2, LEFT_2]),
    ([*FAILING, resumed(2)], {}, [f"{ABSENT}; {why}" for why in (NAN_1, NAN_2, LEFT_2)]),
    ([*FAILED, a_round(3)[0]], {}, ["asked", f"asked; {NAN_2}", f"asked; {LEFT_2}"]),
    ([*FAILED, *a_round(3), FINISHED], {}, PARTS),
    ([*begin(), *a_round(1), left(0)], {}, ["gone", AVERAGED, AVERAGED]),
    ([*OVER[:-1], left(0)], {}, [f"{PART} 1 of 1 round", AVERAGED, AVERAGED]),
]


def test_what_every_client_does_is_said_and_its_last_trouble_ever_after(says):
    said = says(*(case for *case, _ in DOES))
    assert [one["clients"] for one in said] == [does for *_, does in DOES]


MOVED = {"bytes_sent": 3000, "bytes_received": 6000}
NO_NUMBERS = {"what": "evaluated", "round": 2, "accuracy": None, "loss": None}
LONG = {"what": "refused", "client": None, "name": "x" * 20_000, "reason": "it is long"}
FACTS = [
    (FAILED, "failures", "2"),
    (FAILING[:-2], "failures", "3"),  # those of the round that runs, too
    (FAILING, "failures", "3"),
    ([*FAILING[:-2], STOPPED], "failures", "1"),  # as history.csv has it
    ([*IN_ROUND_2, STOPPED], "accuracyOf", "Accuracy after round 1"),
    ([*IN_ROUND_2, STOPPED], "round", "2 of 3"),
    ([*IN_ROUND_2, STOPPED], "title", "Round 1: 25.00 % · x"),
    ([*IN_ROUND_2, resumed(1, rounds=20)], "round", "1 of 20"),
    ([*begin(), *PRIVATE[:-1], PRIVATE[-1] | MOVED], "moved", "↓ 3 kB  ↑ 6 kB"),
    ([*OVER[:-2], OVER[-2] | MOVED], "moved", "↓ 3 kB  ↑ 3 kB"),  # as its events say
    ([*OVER, NO_NUMBERS], "accuracy", "–"),
    (FAILED, "traces", ["aa", "ax", "am"]),
    ([*begin(), *NOT_1], "traces", ["a", "-", "a"]),
    ([*FAILING, resumed(2)], "traces", ["xa", "ax", "am"]),
    ([*begin(2), *a_round(1, (0, 1)), joined(2), *a_round(2)], "traces", ["aa", "aa", "-a"]),
    (OVER, "images", ["10 images"] * 3),
    ([*begin(), *a_round(1, images=2)], "images", ["2 images"] * 3),
    ([*begin(), *a_round(1, images=1)], "images", ["", "", ""]),  # nobody knows
    ([*FAILING, resumed(2)], "breaks", [[2, "resumed", ""]]),
    ([*OVER[:-1], left(0)], "breaks", []),  # after the last round
    (
        [*begin(), *a_round(1), left(0), joined(0)],
        "breaks",
        [[1, "gone", "Client 0"], [1, "back", "Client 0"]],
    ),
    ([*begin(), *a_round(1), left(0)], "said", "Round 1: accuracy 25.00 %. Client 0 is gone"),
    (OVER, "said", "Round 1: accuracy 25.00 %. Finished: 1 round"),
    ([*begin(), TWIN], "newest", "Client 1 refused: client 1 takes part already"),
    ([LONG], "newest", f"{'x' * 59}… refused: it is long"),
    ([resumed(1, rounds=20)], "newest", "The server goes on after round 1, to round 20"),
    (a_round(1, images=1)[:5], "newest", "Round 1: update of Client 0, 1 kB, 0.5 s"),
    ([NO_NUMBERS], "newest", "Round 2: accuracy –, loss –"),
    *(([{"what": kind}], "newest", kind) for kind in ("news", "__proto__", "hasOwnProperty")),
]


def test_every_figure_mark_and_line_is_that_of_the_events(says):
    said = says(*((events, {}) for events, *_ in FACTS))
    names = [name for _, name, _ in FACTS]
    found = [(name, one[name]) for one, name in zip(said, names, strict=True)]
    assert found == [(name, fact) for _, name, fact in FACTS]


@pytest.mark.parametrize("name", ["lesson", "faults"])
def test_failures_traces_and_accuracies_are_those_of_history_csv(says, name):
    [said] = says((read_events(name), {}))
    history = read_history(ROOT / "recorded" / name)
    assert said["failures"] == str(sum(row.failures for row in history))
    averaged = sum(trace.count("a") for trace in said["traces"])
    assert averaged == sum(row.clients for row in history)
    assert said["accuracy"] == f"{100 * history[-1].accuracy:.2f} %"


def test_who_leaves_because_the_server_stops_is_not_lost(says):
    """Client 0 went half a minute before; the others when the server hung up on them."""
    events = [{"seconds": 0.1, **event} for event in IN_ROUND_2]
    leave = [left(0) | {"seconds": 20.0}, *(left(k) | {"seconds": 50.0 + k} for k in (1, 2))]
    running, said = says(
        ([*events, *leave], {}), ([*events, *leave, STOPPED | {"seconds": 53.0}], {})
    )
    assert len(running["breaks"]) == 3 and running["said"].count("gone") == 3
    assert said["breaks"] == [[1, "gone", "Client 0"]]
    stopped = "Stopped: by Ctrl-C; the last round on record is 1"
    assert said["said"] == f"Round 1: accuracy 25.00 %. {stopped}"
    assert said["clients"] == ["gone", *[f"{PART} 1 of 1 round"] * 2]


def test_what_strangers_do_makes_no_run_too_large(javascript):
    """They knock, come and go, and come under new numbers, more often than the page has room for.

    A file may also say that a thousand million clients are expected.
    """
    code = """
        const one = recordOf(given);
        const size = (value) => (value instanceof Map ? value.size : value?.length ?? 0);
        const state = one.show(Infinity);
        const lost = { what: "missing", round: 1, client: 10 ** 8, name: "x", reason: "x" };
        new aloud.Aloud().take(lost, run.after(state, lost));
        return [one.damaged, Math.max(...Object.values(state).map(size)), size(state.breaks)];
    """
    many = {"what": "waiting", "here": 0, "expected": 10**9, "needed": 1}
    knock = {"what": "refused", **who(None), "reason": "no"}
    visits = ([knock, left(0), joined(0), joined(100 + number)] for number in range(10_000))
    assert javascript(code, [*begin(), many, *chain(*visits)]) == [0, 10_000, 1000]


AVERAGE = "w = Σ nₖ/n · wₖ"
RULES = [
    ({}, AVERAGE),
    ({"strategy": "fedprox"}, AVERAGE),
    ({"strategy": "fedadam"}, f"{AVERAGE}, then fedadam"),
    ({"target_epsilon": 8, "clip": 0.5}, "each clipped, plus noise"),
    ({"noise_multiplier": 1}, "each clipped, plus noise"),
    ({"shares": 3}, "known only as a sum"),
]


def test_what_the_server_makes_of_updates_is_what_the_settings_say(javascript):
    code = "return given.map(([settings, rule]) => [settings, words.rule({ settings })])"
    assert javascript(code, RULES) == [list(one) for one in RULES]


@pytest.fixture
def reads(javascript):
    """reads(events, pause) returns what is read aloud when they come at intervals of `pause` milliseconds."""
    code = """
        const one = recordOf(given.events);
        const loud = new aloud.Aloud();
        const said = one.events.slice().map((event, index) => {
          const time = given.pause * index;
          loud.take(event, one.show(index + 1), time);
          return loud.next(time);
        });
        return [...said, loud.next(Infinity)].filter(Boolean);
    """
    return lambda events, pause: javascript(code, {"events": events, "pause": pause})


LEFT_OUT = f"Client 1 {NAN_2}"


def test_what_is_read_aloud_changes_with_outcomes_only(reads):
    events = [*begin(), *a_round(1), *a_round(2, left_out=[1]), *a_round(3), FINISHED]
    first, second, third = (f"Round {n}: accuracy {25 * n}.00 %" for n in (1, 2, 3))
    assert reads(events, 3000) == [first, LEFT_OUT, second, third, "Finished: 3 rounds"]


def test_who_steps_by_hand_hears_of_every_event_at_once(javascript):
    code = """
        const one = new aloud.Aloud();
        return given.map((said, time) => { one.step(said); return one.next(time); });
    """
    said = ["Round 1: 3 clients asked", "Round 1: 1 kB of weights to Client 0"]
    assert javascript(code, said) == said


def test_clients_that_left_because_the_server_stopped_are_not_told_to_be_gone(reads):
    idle = [{"what": "waiting", "here": 3, "expected": 3, "needed": 3}] * 20
    leave = [left(k, here=2 - k) for k in range(3)]
    assert reads([*begin(), *a_round(1), *idle, *leave, STOPPED], 200)[-2:] == [
        "Round 1: accuracy 25.00 %",
        "Stopped: by Ctrl-C; the last round on record is 1",
    ]


def test_a_server_that_goes_is_told_once(javascript):
    code = """
        const loud = new aloud.Aloud();
        const state = recordOf(given).show(Infinity);
        return [1, 2, 3, 4].map((look) => {
          loud.look(state, { alive: look === 1 });
          return loud.next(look * 10_000);
        });
    """
    gone = "The server has gone without a word; the last round on record is 1"
    assert javascript(code, begin() + a_round(1)) == ["", gone, "", ""]


def test_nothing_that_matters_is_lost_however_fast_a_run_is_played(reads):
    """Who went and came back within a moment, and who was left out three rounds ago, is still told."""
    events = [*begin(rounds=9), *a_round(1), *a_round(2, left_out=[1]), left(0), joined(0)]
    events += a_round(3, missing=[2]) + a_round(4)
    [said] = reads(events, 0.01)[1:]
    for text in (LEFT_OUT, "Client 0 is gone", "Client 0 is back", "Client 2 no update in round 3"):
        assert text in said
    assert said.count("accuracy") == 1 and "Round 4: accuracy 100.00 %" in said
    # No accuracy is told again.
    assert reads(events, 3000)[3] == "Client 0 is gone. Client 0 is back"
    lost = begin(10) + a_round(1, asked=range(10), missing=range(5))
    # The first was told before the others came.
    assert reads(lost, 0.01)[-1] == "4 updates are not in. Round 1: accuracy 25.00 %"


def test_every_moment_is_the_same_whichever_way_it_is_reached(javascript):
    """Forward event by event, back, and by jumps over more events than are between two kept states."""
    code = """
        const [one, other] = [recordOf(given), recordOf(given)];
        const plain = (state) => JSON.stringify({ ...state, clients: [...state.clients.values()] });
        const counts = [3, 3500, 17, 2001, 4000, 1999, 0, 3990];
        return counts.map((count) => {
          const there = plain(one.show(count));
          const straight = run.emptyRun();
          for (const event of other.events.slice(0, count)) run.after(straight, event);
          return there === plain(straight);
        });
    """
    events = begin() + [event for number in range(1, 400) for event in a_round(number)]
    assert javascript(code, events) == [True] * 8


INCOMPLETE = [
    {"what": "received", "round": 1, **who(0), "bytes": 1000, "images": 10},
    {"what": "received", "round": 1, **who(0), "bytes": 1000, "took": "long", "images": 10},
    {"what": "evaluated", "round": 1, "accuracy": 0.5},
    {"what": "stopped"},
    {"what": "round", "round": 1},
    joined(0) | {"seconds": None},
    {"round": 1},
    {"what": "started", "clients": 3, "rounds": 10**9},
    {"what": "started", "clients": 1e15, "rounds": 3},
    {"what": "resumed", "clients": 3, "rounds": 3, "round": -1},
    {"what": "evaluated", "round": 3 * 10**8, "accuracy": 0.5, "loss": 1.0},
    {"what": "round", "round": 1.5, "asked": [0]},
    {"what": "round", "round": 1, "asked": [0, -1, {}]},
    joined(0) | {"client": {"a": 1}},
    joined(-1),
    {"what": "left_out", "round": 1, "client": 10**12, "name": "x", "reason": "x"},
]


def test_an_incomplete_event_is_left_out_and_counted_and_an_unknown_one_is_not(says):
    [said] = says(([*begin(), *INCOMPLETE, {"what": "unknown"}, *a_round(1)], {}))
    assert (said["damaged"], said["accuracy"]) == (len(INCOMPLETE), "25.00 %")


def test_lines_end_at_a_line_feed_only_wherever_a_piece_of_the_file_ends(javascript):
    code = """
        const bytes = new TextEncoder().encode(given);
        return Array.from(bytes, (_, cut) => {
          const one = new record.Record();
          one.takeBytes(bytes.slice(0, cut));
          one.takeBytes(bytes.slice(cut));
          return [one.events.length, one.damaged, one.position === bytes.length].join();
        });
    """
    event = '{"seconds": 1, "what": "stopped", "reason": "a%sb"}\n'
    text = "".join(event % mark for mark in ("\u2028", "\u2029", "\u0085", "\\r"))
    assert set(javascript(code, text)) == {"4,0,true"}


def test_an_event_that_is_kept_as_numbers_is_the_same_when_it_is_shown(javascript):
    """Of more events than a block has: of clients without a number, with a fraction, and without weights."""
    sent = {"what": "sent", "round": 1, "bytes": 10**12 + 0.5}
    received = {**sent, "what": "received", "took": 0.1, "images": 7}
    clients = [who(0), who(1), *({"client": None, "name": f"Client {k}"} for k in (1, 2))]
    weights = [0.5, None, -1, 2, 0, 0, 0.25, 8, -0.125]
    events = [{**event, **client} for event in (sent, received) for client in clients]
    events += [{**event, **who(2), "weights": weights} for event in (sent, received)]
    code = """
        const again = (_, index) => given.map((event) => ({ ...event, seconds: index / 8 }));
        const all = Array.from({ length: 1200 }, again).flat();
        const { events } = recordOf(all);
        const names = (event) => Object.keys(event).filter((name) => !["at", "time"].includes(name)).sort();
        const plain = (event) => JSON.stringify(names(event).map((name) => [name, event[name]]));
        const isSame = (event, index) => plain(events.at(index)) === plain(event);
        return [events.length, all.filter(isSame).length,
          events.at(events.length) ?? null, events.at(-1).seconds, events.slice(11998, 99999).length,
          events.entries.every((entry) => typeof entry === "number"),
          events.at(9).weights.includes(null)]; // as JSON, NaN is the same
    """
    assert javascript(code, events) == [12_000, 12_000, None, 1199 / 8, 2, True, True]


SIZES = {0: "0 bytes", 1: "1 byte", 999: "999 bytes", 187_944: "188 kB", 999_700: "1 MB"}
SIZES |= {93_972_000_000: "94 GB", 3_760_000: "3.76 MB"}


def test_sizes_have_three_digits_that_count(javascript):
    assert javascript("return given.map(words.size)", list(SIZES)) == list(SIZES.values())


def test_a_night_is_played_as_a_moment_and_said(javascript):
    stamp = "2026-01-01T0{}:00:00+00:00".format
    events = [
        a_round(1)[-1] | {"seconds": 1.0, "time": stamp(1)},
        resumed(1) | {"seconds": 1.5, "time": stamp(9)},
        joined(0) | {"seconds": 3.5, "time": stamp(9)},
        joined(1) | {"seconds": 95.5, "time": stamp(9)},
    ]
    code = """
        const { events } = recordOf(given);
        const pauses = (index) => [1, 16].map((speed) => replay.pauseBefore(events, index, speed));
        return [0, 1, 2, 3].flatMap(pauses);
    """
    *first, night, night16, soon, soon16, long, long16 = javascript(code, events)
    assert first == [{"wait": 0, "passed": ""}] * 2
    assert night == {"wait": 0.5, "passed": "8 h pass"} and night16["passed"] == "8 h pass"
    assert soon == {"wait": 2, "passed": ""} and soon16["wait"] == pytest.approx(0.3)
    assert long == {"wait": 5, "passed": "92 s pass"} and long16["wait"] == 5 / 16


def test_a_moment_has_an_address_and_the_same_place_in_another_run(javascript):
    one, other = (
        begin(count) + a_round(1, range(count)) + a_round(2, range(count)) for count in (3, 10)
    )
    code = """
        const [one, other] = given.map(recordOf);
        const there = (count) => other.countAt(one.place(count));
        const hashes = ["#round=1", "#event=4", "#event=999", "#round=9", "#nonsense", ""];
        const same = [1, 2].map((round) => there(one.ends[round]) === other.ends[round]);
        const round = other.place(there(one.ends[1] + 3)).round;
        return [hashes.map((hash) => one.moment(hash)), ...same, there(0), round];
    """
    moments = [len(begin() + a_round(1)), 4, len(one), len(one), None, None]
    assert javascript(code, [one, other]) == [moments, True, True, 0, 2]


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("clients", [0, 1, 3, 10, 100, 1000])
def test_everybody_has_a_place_of_their_own_within_the_page(javascript, width, clients):
    places = javascript("return layout.layout(...given)", [width, clients])
    boxes = [(round(box["x"], 3), round(box["y"], 3)) for box in places["boxes"]]
    assert len(set(boxes)) == clients
    server = places["server"]
    assert server["x"] + server["w"] / 2 == pytest.approx(width / 2)
    for box, line in zip(places["boxes"], places["lines"], strict=True):
        assert box["x"] >= 0 and box["x"] + box["w"] <= width
        assert box["y"] + box["h"] <= places["height"]
        # From the server's lower edge to the middle of the box's upper one.
        assert line[0][1] == pytest.approx(server["y"] + server["h"])
        assert line[-1] == pytest.approx([box["x"] + box["w"] / 2, box["y"]])
        assert all(0 <= x <= width for x, _ in line)
