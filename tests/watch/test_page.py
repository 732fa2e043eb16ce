"""The page in a real browser: what it says is what the record says, live and replayed."""

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import uvicorn

from beyond.watch.__main__ import listener
from beyond.watch.site import make_site
from tests.support.pictures import contrast, luminance
from tests.support.ports import free_address

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
LOCAL = "http://127.0.0.1"
MILLISECONDS = 100_000  # that anything on the page may take
expect = playwright.expect


@pytest.fixture
def open_page(browser):
    """open_page(address, ...) opens a page that must not complain; `script` runs before its own."""
    contexts = []

    def open_one(address, script="", **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        context.add_init_script(script)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        assert [complaint for page in context.pages for complaint in page.complaints] == []
        context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a page that this process serves, and the events.jsonl that it shows."""
    events = tmp_path_factory.mktemp("watched") / "events.jsonl"
    shown = make_site(events, is_over=lambda: server.should_exit)
    server = uvicorn.Server(uvicorn.Config(shown, log_level="critical", ws="none"))
    with listener(0) as own:
        thread = Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        yield f"{LOCAL}:{own.getsockname()[1]}/", events
        server.should_exit = True
        thread.join()


@pytest.fixture
def show(site, open_page):
    """show(events, ...) opens the page of a run in which those have happened; a str is a damaged line."""

    def show_them(events, **options):
        address, path = site
        write(path, events)
        return open_page(address, **options)

    return show_them


def write(path, events):
    """Replace events.jsonl."""
    common = {"seconds": 1.0}
    lines = [event if isinstance(event, str) else json.dumps(common | event) for event in events]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("new").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.with_name("new").replace(path)


def watch(start_warm, directory, port):
    """Start the watch command for results/run there."""
    command = start_warm(["-m", "beyond.watch", "results/run", "--port", port], directory)
    command.wait_for(f"^{LOCAL}:{port}/")
    return command


def says(page, selector, text):
    """Wait until an element says something."""
    expect(page.locator(selector)).to_contain_text(text, timeout=MILLISECONDS)


def card(page, number):
    """Return the card of a client."""
    return page.locator("#clients li").nth(number)


def has_status(page, number, status):
    """Wait until a client's card has this status."""
    expect(card(page, number)).to_have_attribute("data-status", status)


def move_to(page, count):
    """Drag the replay to after `count` events."""
    page.locator("#position").evaluate(
        "(range, count) => { range.value = count; range.dispatchEvent(new Event('input')); }", count
    )


def percent(accuracy):
    """Return an accuracy as the page shows it; toFixed rounds halves up in binary, as format does."""
    return f"{100 * accuracy:.2f} %"


def test_a_federation_is_watched_from_the_first_second_to_the_last_by_a_page_that_finds_its_server(
    federation, start_warm, open_page
):
    port = free_address().rpartition(":")[2]
    command, page = watch(start_warm, federation.directory, port), open_page(f"{LOCAL}:{port}/")
    says(page, "#doing", "no such run yet")
    server = federation.server(rounds=4)
    says(page, "#doing", "Waiting for clients: 0 of 3 are here")
    has_status(page, 2, "absent")
    federation.everybody(but=[1])
    says(page, "#progress", "2 of 3 clients are here")
    slow = federation.liar(1, "hold@2")
    slow.wait_for("Round 2: holding")
    says(page, "#progress", "Round 2: 2 of 3 updates are in")
    history = federation.history()
    says(page, "#accuracy", percent(history[1].accuracy))
    says(page, "#round", "2 of 4")
    has_status(page, 1, "training")
    slow.kill()
    has_status(page, 1, "gone")
    assert server.wait() == 0
    says(page, "#doing", "Finished")
    history = federation.history()
    assert page.locator("#accuracy").text_content() == percent(history[-1].accuracy)
    curve = page.locator("#curve").get_attribute("aria-label")
    for row in history:
        assert f"round {row.round} {percent(row.accuracy)}" in curve
    moved = sum(row.bytes_received for row in history)
    assert page.locator("#received").text_content() == f"{moved / 1e6:.2f} MB"
    says(page, "#log", "The run is finished")
    has_status(page, 1, "gone")
    has_status(page, 0, "done")
    command.send(signal.SIGTERM)
    command.wait()
    says(page, "#connection", "The page has lost")
    watch(start_warm, federation.directory, port)
    expect(page.locator("#connection")).to_have_text("", timeout=MILLISECONDS)
    says(page, "#doing", "Finished")


ZERO = {"client": 0, "name": "Client 0"}
BEGIN = [
    {"what": "started", "clients": 2, "rounds": 1},
    {"what": "joined", **ZERO, "here": 1, "expected": 2},
    {"what": "joined", "client": 1, "name": "Client 1", "here": 2, "expected": 2},
    {"what": "round", "round": 1, "asked": [0]},
    {"what": "sent", "round": 1, **ZERO, "bytes": 1000},
]
ANSWER = {"what": "received", "round": 1, **ZERO, "bytes": 1000, "took": 0.5, "images": 10}
EVALUATED = {"what": "evaluated", "round": 1, "accuracy": 0.5, "loss": 1.0}
FINISHED = {"what": "finished"}
NAMES = {0: "Client 0", 1: "<img src=x onerror=alert(1)>"}


def a_round(number):
    """Yield the events of a round of a run in which a client's name is HTML."""
    yield {"what": "round", "round": number, "asked": [0, 1]}
    for client, name in NAMES.items():
        about = {"round": number, "client": client, "name": name, "bytes": 1000}
        yield {"what": "sent", **about}
        yield {"what": "received", **about, "took": 0.5, "images": 10}
    yield {"what": "averaged", "round": number, "clients": 2}
    yield {"what": "evaluated", "round": number, "accuracy": number / 4, "loss": 1.0}


RUN = [
    {**BEGIN[0], "rounds": 3},
    *({**joined, "name": NAMES[joined["client"]]} for joined in BEGIN[1:3]),
    *(event for number in (1, 2, 3) for event in a_round(number)),
    {"what": "stopped", "reason": "by <b>Ctrl-C</b>"},
]
RUN = [
    {"time": f"2026-01-02T03:04:{at:02}+00:00", "seconds": at / 10, **event}
    for at, event in enumerate(RUN)
]


def test_replay_shows_every_moment_as_it_was_and_a_clients_words_never_become_html(show):
    page = show([*RUN[:5], "{damaged", "[1, 2]", *RUN[5:]])
    says(page, "#damaged", "left out: 2")
    says(page, "#doing", "Stopped: by <b>Ctrl-C</b>")
    says(page, "#clients", "<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0 and page.locator("#doing b").count() == 0
    for count in range(len(RUN) + 1):
        move_to(page, count)
        before = RUN[:count]
        accuracies = [event["accuracy"] for event in before if event["what"] == "evaluated"]
        says(page, "#accuracy", percent(accuracies[-1]) if accuracies else "–")
        sent = sum(event["bytes"] for event in before if event["what"] == "sent")
        says(page, "#sent", f"{sent} bytes" if sent < 1000 else f"{sent // 1000} KB")
        joined = [event["client"] for event in before if event["what"] == "joined"]
        absent = page.locator("#clients li[data-status=absent]")
        expect(absent).to_have_count(2 - len(joined) if count else 0)


def test_everything_is_done_with_the_keyboard(show):
    page = show(RUN)
    says(page, "#doing", "Stopped")
    wanted = ["theme", "play", "back", "position", "forward", "1", "live"]
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => [document.activeElement.id || document.activeElement.value,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.append(focused[0])
        if focused[0] in wanted:
            assert focused[1] != "none"  # one sees where one is
        if focused[0] == "back":
            page.keyboard.press("Enter")
            says(page, "#doing", "Round 3 is finished")
        if focused[0] == "position":
            page.keyboard.press("Home")
            says(page, "#sent", "0 bytes")
        if focused[0] == "live":
            page.keyboard.press("Space")
            says(page, "#doing", "Stopped")
    assert [name for name in reached if name in wanted][: len(wanted)] == wanted


def test_play_goes_through_all_events_by_itself(show):
    page = show(RUN)
    says(page, "#doing", "Stopped")
    page.locator("input[value='16']").check()
    page.locator("#play").click()
    says(page, "#play", "Pause")
    says(page, "#play", "Play")
    says(page, "#doing", "Stopped")


def color_of(page, selector, name):
    """Return a colour of an element as (red, green, blue), from 0 to 1."""
    code = "(element, name) => getComputedStyle(element)[name]"
    said = page.locator(selector).first.evaluate(code, name)
    return [int(part) / 255 for part in re.findall(r"\d+", said)[:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_browser_can_be_switched_is_legible_and_cuts_nothing_off(show, scheme):
    page = show(RUN, color_scheme=scheme)
    says(page, "#doing", "Stopped")
    for now in (scheme, {"light": "dark", "dark": "light"}[scheme]):
        assert (luminance(color_of(page, "body", "backgroundColor")) > 0.5) == (now == "light")
        panel = color_of(page, "#server", "backgroundColor")
        for selector in ("#doing", "#progress", "#server dt", "#server figcaption", "#log"):
            assert contrast(color_of(page, selector, "color"), panel) >= 4.5, selector
        page.locator("#theme").click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_the_round_is_read_aloud_and_nothing_flies_for_those_who_do_not_want_it(show):
    page = show(RUN)
    says(page, "#doing", "Stopped")
    move_to(page, 5)
    has_status(page, 0, "training")
    moving = page.locator("#clients li[data-status=training] .moving").first
    for motion, animation in (("reduce", "none"), ("no-preference", "down")):
        page.emulate_media(reduced_motion=motion)
        expect(moving).to_have_css("animation-name", animation)
    move_to(page, 6)
    status = page.get_by_role("status")
    expect(status).to_have_text(["", "Round 1: 1 of 2 updates are in"])
    assert status.last.get_attribute("aria-live") == "polite"


def without(event, name):
    """Return an event that lacks a field."""
    return {key: value for key, value in event.items() if key != name}


def test_an_incomplete_event_is_left_out_and_counted_once(show):
    names = ("what", "round", "name", "bytes", "took", "images")
    incomplete = [without(ANSWER, name) for name in names]
    incomplete += [{**ANSWER, "took": "long"}, {**ANSWER, "seconds": None}]
    incomplete += [without(EVALUATED, "loss"), {"what": "stopped"}, {"what": "round", "round": 1}]
    unknown = [{"what": "__proto__"}, {"what": "hasOwnProperty"}, {"what": "news"}]
    events = [*BEGIN, *incomplete, *unknown, ANSWER, EVALUATED, FINISHED]
    page = show(events)
    says(page, "#doing", "Finished")
    for count in (3, 0, len(events)):
        move_to(page, count)
        says(page, "#sent", "1 KB" if count > 4 else "0 bytes")
        expect(page.locator("#damaged")).to_have_text(
            f"Damaged lines of events.jsonl, left out: {len(incomplete)}"
        )
    says(page, "#received", "1 KB")
    expect(page.locator("#log li").filter(has_text="__proto__")).to_have_count(1)


def test_a_huge_number_of_clients_does_not_hang_the_page(show):
    events = [{**BEGIN[0], "clients": 10**9}, {"what": "stopped", "reason": "x"}]
    page = show(events)
    says(page, "#doing", "Stopped")
    expect(page.locator("#clients li")).to_have_count(10_000, timeout=MILLISECONDS)


BLOCKED = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("blocked", "SecurityError"); } })"""


def test_a_browser_that_remembers_nothing_shows_the_page(show):
    page = show(RUN, script=BLOCKED, color_scheme="light")
    says(page, "#doing", "Stopped")
    page.locator("#theme").click()
    says(page, "#theme", "Light")


def left(number):
    """Return the event of a client that leaves."""
    name = f"Client {number}"
    return {"what": "left", "client": number, "name": name, "here": 1, "expected": 2}


NOTHING = {"what": "evaluated", "round": 2, "accuracy": None, "loss": None}
MISSING = {"what": "missing", "round": 1, **ZERO, "reason": "it has left"}
BEFORE_THE_WEIGHTS = [*BEGIN[:4], left(0), BEGIN[4], MISSING]
AFTER_THE_LAST_ROUND = [*BEGIN, left(0), EVALUATED, left(1), FINISHED]


@pytest.mark.parametrize(
    "events, statuses, said",
    [
        (BEFORE_THE_WEIGHTS, ["gone", "here"], "it has left"),
        (AFTER_THE_LAST_ROUND, ["gone", "done"], "The run is finished"),  # done even if not asked
    ],
)
def test_who_leaves_is_gone_but_after_the_last_round(show, events, statuses, said):
    page = show(events)
    says(page, "#log", said)
    for number, status in enumerate(statuses):
        has_status(page, number, status)
    move_to(page, 0)
    expect(page.locator("#doing")).to_have_text("Waiting for a run")


def test_what_is_no_number_is_a_dash_and_no_point_of_the_curve(show):
    page = show([*BEGIN, ANSWER, EVALUATED, NOTHING])
    says(page, "#log", "Round 2: accuracy –, loss –")
    says(page, "#doing", "Round 2 is finished: accuracy –")
    expect(page.locator("#accuracy")).to_have_text("–")
    expect(page.locator("#curve circle")).to_have_count(1)
    assert "round 1 50.00 %, round 2 –" in page.locator("#curve").get_attribute("aria-label")


@pytest.mark.parametrize("clients", [2, 30])
def test_a_card_says_why_there_is_no_update(show, clients):
    reason = "it took longer than anybody would ever like to wait for an update, and longer still"
    missing = {"what": "missing", "round": 1, **ZERO, "reason": reason}
    events = [{**BEGIN[0], "clients": clients}, *BEGIN[1:], missing]
    page = show(events)
    status = card(page, 0).locator(".status")
    expect(status).to_have_text(f"no update in time: {reason}")
    assert status.evaluate("(line) => line.scrollHeight <= line.clientHeight + 1")


@pytest.mark.parametrize("minutes", [1, 10])
def test_a_server_that_is_silent_for_long_is_said_to_be(show, minutes):
    time = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    page = show([{"time": time, **event} for event in BEGIN])
    says(page, "#doing", "waiting for updates")
    seconds = page.locator("#seconds")
    if minutes == 10:
        says(page, "#doing", "nothing heard for 10 minutes")
        expect(seconds).to_have_text("181")  # the last event's, and three minutes
    else:
        expect(seconds).not_to_have_text(seconds.text_content())  # they go on
        assert "nothing heard" not in page.locator("#doing").text_content()


def test_a_stream_that_is_refused_is_asked_for_again(site, open_page):
    address, path = site
    write(path, RUN)
    page = open_page("about:blank")
    page.route("**/events", lambda route: route.fulfill(status=503), times=1)
    page.goto(address)
    says(page, "#connection", "The page has lost")
    says(page, "#doing", "Stopped")
    expect(page.locator("#connection")).to_have_text("")
