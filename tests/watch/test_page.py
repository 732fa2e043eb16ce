"""The page in a real browser: what it says is what the record says, live and replayed."""

import json
import os
import shutil
import signal
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.ports import free_address

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium")
MILLISECONDS = 100_000  # that anything on the page may take


@pytest.fixture(scope="module")
def browser():
    """A headless browser of the system."""
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """open_page(address, ...) opens a page that must not complain; `script` runs before its own."""
    contexts = []

    def open_one(address, width=1280, script="", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
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


@pytest.fixture
def watch(start_warm):
    """watch(directory) starts the watch command for results/run there; returns the page's address."""

    def watch_one(directory):
        port = free_address().rpartition(":")[2]
        command = start_warm(["-m", "beyond.watch", "results/run", "--port", port], directory)
        command.wait_for(f"^http://127.0.0.1:{port}/")
        return f"http://127.0.0.1:{port}/"

    return watch_one


def says(page, selector, text):
    """Wait until an element says something."""
    playwright.expect(page.locator(selector)).to_contain_text(text, timeout=MILLISECONDS)


def card(page, number):
    """Return the card of a client."""
    return page.locator("#clients li").nth(number)


def move_to(page, count):
    """Drag the replay to after `count` events."""
    page.locator("#position").evaluate(
        "(range, count) => { range.value = count; range.dispatchEvent(new Event('input')); }", count
    )


def written(directory, events):
    """Write events of a run into results/run in `directory`; return `directory`."""
    run = directory / "results/run"
    run.mkdir(parents=True)
    lines = [json.dumps({"seconds": 1.0, **event}) for event in events]
    (run / "events.jsonl").write_text("\n".join(lines) + "\n")
    return directory


def percent(accuracy):
    """Return an accuracy as the page shows it; toFixed rounds halves up in binary, as format does."""
    return f"{100 * accuracy:.2f} %"


def test_a_federation_is_watched_from_the_first_second_to_the_last(federation, watch, open_page):
    page = open_page(watch(federation.directory))
    says(page, "#doing", "no such run yet")
    server = federation.server(rounds=4)
    says(page, "#doing", "Waiting for clients: 0 of 3 are here")
    assert card(page, 2).get_attribute("data-status") == "absent"
    federation.everybody(but=[1])
    says(page, "#progress", "2 of 3 clients are here")
    slow = federation.liar(1, "hold@2")
    slow.wait_for("Round 2: holding")
    says(page, "#progress", "Round 2: 2 of 3 updates are in")
    history = federation.history()
    says(page, "#accuracy", percent(history[1].accuracy))
    says(page, "#round", "2 of 4")
    playwright.expect(card(page, 1)).to_have_attribute("data-status", "training")
    slow.kill()
    playwright.expect(card(page, 1)).to_have_attribute("data-status", "gone")
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
    playwright.expect(card(page, 1)).to_have_attribute("data-status", "gone")
    playwright.expect(card(page, 0)).to_have_attribute("data-status", "done")


ROUNDS = 3


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A directory with the events of a run, written by hand, in which a client's name is HTML."""
    directory = tmp_path_factory.mktemp("replay")
    run = directory / "results/run"
    run.mkdir(parents=True)
    names = {0: "Client 0", 1: "<img src=x onerror=alert(1)>"}
    events = [{"what": "started", "clients": 2, "rounds": ROUNDS}]
    events += [
        {"what": "joined", "client": number, "name": name, "here": number + 1, "expected": 2}
        for number, name in names.items()
    ]
    for number in range(1, ROUNDS + 1):
        events.append({"what": "round", "round": number, "asked": [0, 1]})
        for client, name in names.items():
            common = {"round": number, "client": client, "name": name, "bytes": 1000}
            events.append({"what": "sent", **common})
            events.append({"what": "received", **common, "took": 0.5, "images": 10})
        events.append({"what": "averaged", "round": number, "clients": 2})
        row = {"round": number, "accuracy": number / 4, "loss": 1.0}
        events.append({"what": "evaluated", **row})
    events.append({"what": "stopped", "reason": "by <b>Ctrl-C</b>"})
    lines = [
        json.dumps({"time": f"2026-01-02T03:04:{at:02}+00:00", "seconds": at / 10, **event})
        for at, event in enumerate(events)
    ]
    lines[5:5] = ["{damaged", "[1, 2]"]
    (run / "events.jsonl").write_text("\n".join(lines) + "\nhalf a li")
    return directory, events


def test_replay_shows_every_moment_as_it_was(recorded, watch, open_page):
    directory, events = recorded
    page = open_page(watch(directory))
    says(page, "#damaged", "left out: 2")
    says(page, "#doing", "Stopped: by <b>Ctrl-C</b>")
    for count in range(len(events) + 1):
        move_to(page, count)
        before = events[:count]
        accuracies = [event["accuracy"] for event in before if event["what"] == "evaluated"]
        says(page, "#accuracy", percent(accuracies[-1]) if accuracies else "–")
        sent = sum(event["bytes"] for event in before if event["what"] == "sent")
        says(page, "#sent", f"{sent} bytes" if sent < 1000 else f"{sent // 1000} KB")
        joined = [event["client"] for event in before if event["what"] == "joined"]
        absent = page.locator("#clients li[data-status=absent]")
        playwright.expect(absent).to_have_count(2 - len(joined) if count else 0)


def test_a_clients_words_never_become_html(recorded, watch, open_page):
    page = open_page(watch(recorded[0]))
    says(page, "#clients", "<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0 and page.locator("#doing b").count() == 0


def test_everything_is_done_with_the_keyboard(recorded, watch, open_page):
    page = open_page(watch(recorded[0]))
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


def test_play_goes_through_all_events_by_itself(recorded, watch, open_page):
    page = open_page(watch(recorded[0]))
    says(page, "#doing", "Stopped")
    page.locator("input[value='16']").check()
    page.locator("#play").click()
    says(page, "#play", "Pause")
    says(page, "#play", "Play")
    says(page, "#doing", "Stopped")


COLORS = "(selector) => getComputedStyle(document.querySelector(selector)).{}"


def luminance(color):
    """Return the relative luminance of a CSS rgb(), by WCAG's formula."""
    parts = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_browser_can_be_switched_and_is_legible(recorded, watch, open_page, scheme):
    page = open_page(watch(recorded[0]), color_scheme=scheme)
    says(page, "#doing", "Stopped")
    for now in (scheme, {"light": "dark", "dark": "light"}[scheme]):
        ground = page.evaluate(COLORS.format("backgroundColor"), "body")
        assert (luminance(ground) > 0.5) == (now == "light")
        panel = page.evaluate(COLORS.format("backgroundColor"), "#server")
        for selector in ("#doing", "#progress", "#server dt", "#server figcaption", "#log"):
            ink = page.evaluate(COLORS.format("color"), selector)
            light, dark = sorted([luminance(ink), luminance(panel)], reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, selector
        page.locator("#theme").click()


def test_who_left_before_the_weights_were_sent_is_gone(tmp_path, watch, open_page):
    common = {"round": 1, "client": 0, "name": "Client 0"}
    events = [
        {"what": "started", "clients": 1, "rounds": 1},
        {"what": "joined", **common, "here": 1, "expected": 1},
        {"what": "left", **common, "here": 0, "expected": 1},
        {"what": "sent", **common, "bytes": 10},
        {"what": "missing", **common, "reason": "it has left"},
    ]
    page = open_page(watch(written(tmp_path, events)))
    playwright.expect(card(page, 0)).to_have_attribute("data-status", "gone")
    says(page, "#log", "it has left")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_off(recorded, watch, open_page, width):
    page = open_page(watch(recorded[0]), width=width)
    says(page, "#doing", "Stopped")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_flies_for_those_who_do_not_want_it(recorded, watch, open_page, motion):
    page = open_page(watch(recorded[0]), reduced_motion=motion)
    says(page, "#doing", "Stopped")
    move_to(page, 5)
    playwright.expect(card(page, 0)).to_have_attribute("data-status", "training")
    name = page.locator("#clients li[data-status=training] .moving").first.evaluate(
        "(svg) => getComputedStyle(svg).animationName"
    )
    assert name == ("none" if motion == "reduce" else "down")


def test_the_round_is_read_aloud(recorded, watch, open_page):
    page = open_page(watch(recorded[0]))
    says(page, "#doing", "Stopped")
    move_to(page, 6)
    status = page.get_by_role("status")
    playwright.expect(status).to_have_text(["", "Round 1: 1 of 2 updates are in"])
    assert status.last.get_attribute("aria-live") == "polite"


def test_a_page_that_has_lost_its_server_finds_it_again(start_warm, recorded, open_page):
    port = free_address().rpartition(":")[2]
    words = ["-m", "beyond.watch", "results/run", "--port", port]
    first = start_warm(words, recorded[0])
    first.wait_for("^http")
    page = open_page(f"http://127.0.0.1:{port}/")
    says(page, "#doing", "Stopped")
    first.send(signal.SIGTERM)
    first.wait()
    says(page, "#connection", "The page has lost")
    second = start_warm(words, recorded[0])
    second.wait_for("^http")
    playwright.expect(page.locator("#connection")).to_have_text("", timeout=MILLISECONDS)
    says(page, "#doing", "Stopped")
    with suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()


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


def without(event, name):
    """Return an event that lacks a field."""
    return {key: value for key, value in event.items() if key != name}


def test_an_incomplete_event_is_left_out_and_counted_once(tmp_path, watch, open_page):
    incomplete = [
        without(ANSWER, name) for name in ("what", "round", "name", "bytes", "took", "images")
    ]
    incomplete += [
        {**ANSWER, "took": "long"},
        {**ANSWER, "seconds": None},
        without(EVALUATED, "loss"),
    ]
    incomplete += [{**FINISHED, "what": "stopped"}, {"what": "round", "round": 1}]
    unknown = [{"what": "__proto__"}, {"what": "hasOwnProperty"}, {"what": "news"}]
    events = [*BEGIN, *incomplete, *unknown, ANSWER, EVALUATED, FINISHED]
    page = open_page(watch(written(tmp_path, events)))
    says(page, "#doing", "Finished")
    for count in (3, 0, len(events)):
        move_to(page, count)
        says(page, "#sent", "1 KB" if count > 4 else "0 bytes")
        playwright.expect(page.locator("#damaged")).to_have_text(
            f"Damaged lines of events.jsonl, left out: {len(incomplete)}"
        )
    says(page, "#received", "1 KB")
    playwright.expect(page.locator("#log li").filter(has_text="__proto__")).to_have_count(1)


def test_a_huge_number_of_clients_does_not_hang_the_page(tmp_path, watch, open_page):
    events = [
        {"what": "started", "clients": 10**9, "rounds": 1},
        {"what": "stopped", "reason": "x"},
    ]
    page = open_page(watch(written(tmp_path, events)))
    says(page, "#doing", "Stopped")
    playwright.expect(page.locator("#clients li")).to_have_count(10_000, timeout=MILLISECONDS)


BLOCKED = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("blocked", "SecurityError"); } })"""


def test_a_browser_that_remembers_nothing_shows_the_page(recorded, watch, open_page):
    page = open_page(watch(recorded[0]), script=BLOCKED, color_scheme="light")
    says(page, "#doing", "Stopped")
    page.locator("#theme").click()
    says(page, "#theme", "Light")


def test_who_leaves_after_the_last_round_is_done_even_if_not_asked(tmp_path, watch, open_page):
    left = [
        {
            "what": "left",
            "client": number,
            "name": f"Client {number}",
            "here": 1 - number,
            "expected": 2,
        }
        for number in (0, 1)
    ]
    page = open_page(watch(written(tmp_path, [*BEGIN, left[0], EVALUATED, left[1], FINISHED])))
    playwright.expect(card(page, 1)).to_have_attribute("data-status", "done")
    playwright.expect(card(page, 0)).to_have_attribute("data-status", "gone")


def test_before_the_first_event_nothing_is_finished(tmp_path, watch, open_page):
    page = open_page(watch(written(tmp_path, [*BEGIN, ANSWER, EVALUATED, FINISHED])))
    says(page, "#doing", "Finished")
    move_to(page, 0)
    playwright.expect(page.locator("#doing")).to_have_text("Waiting for a run")


def test_what_is_no_number_is_a_dash_and_no_point_of_the_curve(tmp_path, watch, open_page):
    nothing = {"what": "evaluated", "round": 2, "accuracy": None, "loss": None}
    page = open_page(watch(written(tmp_path, [*BEGIN, ANSWER, EVALUATED, nothing])))
    says(page, "#log", "Round 2: accuracy –, loss –")
    says(page, "#doing", "Round 2 is finished: accuracy –")
    playwright.expect(page.locator("#accuracy")).to_have_text("–")
    playwright.expect(page.locator("#curve circle")).to_have_count(1)
    assert "round 1 50.00 %, round 2 –" in page.locator("#curve").get_attribute("aria-label")


@pytest.mark.parametrize("clients", [2, 30])
def test_a_card_says_why_there_is_no_update(tmp_path, watch, open_page, clients):
    reason = (
        "it took longer than anybody here would ever like to wait for an update, and longer still"
    )
    missing = {"what": "missing", "round": 1, **ZERO, "reason": reason}
    events = [{**BEGIN[0], "clients": clients}, *BEGIN[1:], missing]
    page = open_page(watch(written(tmp_path, events)))
    status = card(page, 0).locator(".status")
    playwright.expect(status).to_have_text(f"no update in time: {reason}")
    assert status.evaluate("(line) => line.scrollHeight <= line.clientHeight + 1")


@pytest.mark.parametrize("minutes", [1, 10])
def test_a_server_that_is_silent_for_long_is_said_to_be(tmp_path, watch, open_page, minutes):
    time = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    page = open_page(watch(written(tmp_path, [{"time": time, **event} for event in BEGIN])))
    says(page, "#doing", "waiting for updates")
    seconds = page.locator("#seconds")
    if minutes == 10:
        says(page, "#doing", "nothing heard for 10 minutes")
        playwright.expect(seconds).to_have_text("181")  # the last event's, and three minutes
    else:
        playwright.expect(seconds).not_to_have_text(seconds.text_content())  # they go on
        assert "nothing heard" not in page.locator("#doing").text_content()


def test_a_stream_that_is_refused_is_asked_for_again(recorded, watch, open_page):
    address = watch(recorded[0])
    page = open_page("about:blank")
    page.route("**/events", lambda route: route.fulfill(status=503), times=1)
    page.goto(address)
    says(page, "#connection", "The page has lost")
    says(page, "#doing", "Stopped")
    playwright.expect(page.locator("#connection")).to_have_text("")
