"""The page in a real browser: what it says is what the record says, live and replayed."""

import json
import re
import signal
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from beyond.simulation.app_run import last_recorded_round
from beyond.watch.assets import export
from support.run_settings import locked_run
from tests.support.ports import free_address
from tests.support.small import write_history
from tests.watch.browser import does, expect, move_to, moves, painted, percent, says, watch
from tests.watch.runs import BEGIN, FINISHED, NAMES, RUN, left, write


def test_a_federation_is_watched_from_the_first_second_to_the_last(
    federation, start_warm, open_page
):
    """A client lies in round 2, and another one dies; then the page's server is started again."""
    port = free_address().rpartition(":")[2]
    command, address = watch(start_warm, federation.directory, port)
    page = open_page(address)
    says(page, ".doing", "no such run yet")
    server = federation.server(rounds=4)
    says(page, ".doing", "Waiting for clients: 0 of 3 clients are here")
    does(page, "Client 2", "not here yet")
    federation.client(0)
    federation.liar(2, "NaN@2only")
    says(page, ".doing", "2 of 3 clients are here")
    slow = federation.liar(1, "hold@3")
    slow.wait_for("Round 3: holding")
    says(page, ".doing", "Round 3: 2 of 3 updates are in")
    does(page, "Client 2", "left out in round 2: it has NaN or infinity in array 0")
    history = federation.history()
    says(page, ".accuracy-of", "Accuracy after round 2")
    says(page, ".accuracy", percent(history[2].accuracy))
    says(page, ".round", "3 of 4")
    does(page, "Client 1", "trains")
    slow.kill()
    does(page, "Client 1", "gone since ")
    assert server.wait() == 0
    says(page, ".doing", "Finished: 4 rounds")
    history = federation.history()
    assert page.locator(".accuracy").text_content() == percent(history[-1].accuracy)
    assert page.locator(".failures").text_content() == str(sum(row.failures for row in history))
    curve = page.locator("#curve").get_attribute("aria-label")
    for row in history:
        assert f"round {row.round} {percent(row.accuracy)}" in curve
    says(page, "#log", "The run is finished")
    does(page, "Client 0", "averaged in 4 of 4 rounds")
    assert page.title().startswith(f"Round 4: {percent(history[-1].accuracy)}")
    command.send(signal.SIGTERM)
    command.wait()
    says(page, "#connection", "The page has lost")
    _, address = watch(start_warm, federation.directory, port)
    says(page, "#connection", "open the one that it prints now")
    page.goto(address)
    says(page, ".doing", "Finished: 4 rounds")


def test_a_server_that_is_killed_is_said_to_be_gone_and_one_that_goes_on_is_followed(
    federation, start_warm, open_page
):
    page = open_page(watch(start_warm, federation.directory)[1])
    server = federation.server(rounds=1000)
    federation.everybody()
    server.wait_for("^Round +1 of")
    says(page, ".doing", "Round ")
    server.kill()
    says(page, ".doing", "The server has gone without a word; the last round on record is")
    page.locator("#back").click()
    says(page, "#live", "Latest")
    expect(page.locator("#live")).to_have_attribute("aria-pressed", "false")
    moment = page.locator("#position").input_value()
    last = last_recorded_round(federation.run)
    assert federation.server("--resume", rounds=last + 1).wait() == 0
    expect(page.locator("#position")).not_to_have_attribute("max", str(int(moment) + 1))
    page.locator("#live").click()
    says(page, ".doing", f"Finished: {last + 1} rounds")
    says(page, "#log", f"The server goes on after round {last}")


def test_replay_shows_every_moment_as_it_was_and_a_clients_words_never_become_html(show):
    page = show([*RUN[:5], "{damaged", "[1, 2]", *RUN[5:]])
    says(page, "#damaged", "left out: 2")
    says(page, ".doing", "Stopped: by <b>Ctrl-C</b>")
    does(page, "<img src=x", "averaged in 3 of 3 rounds")
    says(page, "#log", "<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0 and page.locator(".doing b").count() == 0
    for count in range(len(RUN) + 1):
        move_to(page, count)
        before = RUN[:count]
        accuracies = [event["accuracy"] for event in before if event["what"] == "evaluated"]
        says(page, ".accuracy", percent(accuracies[-1]) if accuracies else "–")
        sent = sum(event["bytes"] for event in before if event["what"] == "sent")
        says(page, ".moved", f"↓ {sent} bytes" if sent < 1000 else f"↓ {sent // 1000} kB")


KEYS = ["save", "full", "theme", "play", "back", "position", "forward", "1", "live"]
KEYS += ["scale", "curve"]


def test_everything_is_done_with_the_keyboard_and_the_focus_stays(show):
    page = show(RUN)
    focus = """() => [document.activeElement.id || document.activeElement.value || '',
        getComputedStyle(document.activeElement).outlineStyle]"""
    presses = {
        "back": ("Enter", lambda: says(page, ".doing", "Round 3 is finished")),
        "position": ("Home", lambda: says(page, ".moved", "↓ 0 bytes")),
        "forward": ("Enter", lambda: says(page, "#said", "The server has started: 2 clients")),
        "live": ("Space", lambda: says(page, ".doing", "Stopped")),
        "scale": ("Enter", lambda: page.locator("#scale[aria-pressed=true]").wait_for()),
        "curve": ("ArrowRight", lambda: says(page, "#point", "Round 0 is not on record")),
    }
    reached = []
    while not reached or reached[-1] != "curve":
        page.keyboard.press("Tab")
        name, outline = page.evaluate(focus)
        reached.append(name)
        assert name in ("", "1") or outline != "none", name  # one sees where one is
        if name in presses:
            key, then = presses[name]
            page.keyboard.press(key)
            then()
            assert page.evaluate(focus)[0] == name
    assert [name for name in reached if name in KEYS] == KEYS
    move_to(page, 1)
    page.locator("#back").press("Enter")  # to the first event, where there is nothing before
    expect(page.locator("#back")).to_have_attribute("aria-disabled", "true")
    says(page, "#said", "Before the first event")
    move_to(page, 7)
    told = re.compile("^event 7 of 25, 0.6 s: Round 1: update of Client 0, ")
    expect(page.locator("#position")).to_have_attribute("aria-valuetext", told)
    assert page.evaluate(focus)[0] == "back"


def test_arrows_go_from_client_to_client_on_the_stage(show):
    page = show(RUN)
    stage = page.locator("canvas").first
    for key, name in [("ArrowLeft", "<img src=x"), *(("ArrowRight", NAMES[k]) for k in (0, 1, 0))]:
        stage.press(key)
        says(page, ".chosen", name)
        expect(stage).to_have_attribute("aria-label", re.compile(re.escape(f"a server. {name}")))


def test_play_goes_through_all_events_by_itself_and_ends_at_the_latest(show):
    page = show(RUN)
    page.locator("input[value='16']").check(force=True)
    page.locator("#play").click()
    says(page, "#play", "Pause")
    says(page, "#play", "Play")
    says(page, ".doing", "Stopped")
    expect(page.locator("#live")).to_have_attribute("aria-pressed", "true")


def test_a_moment_has_an_address_that_can_be_copied(show, open_page):
    page = show(RUN, hash="#round=2")
    says(page, ".doing", "Round 2 is finished")
    page.locator("#back").dblclick()
    count = 3 + 2 * 7 - 2
    expect(page).to_have_url(re.compile(rf"#event={count}$"))
    again = open_page(page.url, offline=True)
    expect(again.locator("#position")).to_have_value(str(count))
    says(again, ".doing", "Round 2: 2 of 2 updates are in")


def test_the_curve_rises_with_the_accuracy_and_has_its_marks(show):
    """Its accuracies are 0.25, 0.5 and 0.75: the line's first pixel is lower than its last one."""
    page = show([{**RUN[0], "rounds": 4}, *RUN[1:], left(0)])
    says(page, "#log", "Client 0 left")
    (left_x, left_y), *_, (right_x, right_y) = np.argwhere(
        painted(page.locator("#curve canvas"), "ink").T
    )
    assert left_x < right_x and left_y > right_y + 20
    says(page, "#point", "Round 3: accuracy 75.00 %, loss 1.0000; then Client 0 gone")
    assert "loss\N{NO-BREAK SPACE}1.0000" in page.locator("#point").text_content()
    says(page, "#key", "↓ a client has gone")
    legend = page.locator("#legend").text_content()
    assert not set("↓↑▶") & set(legend)  # no sign has two meanings
    move_to(page, len(RUN))
    expect(page.locator("#key")).not_to_contain_text("gone")


PARTITIONS = {"clients": 2, "scheme": "iid", "seed": 0}
SETTINGS = {"learning_rate": 0.05, "target_epsilon": None, "partitions": PARTITIONS}


def test_the_page_says_which_run_it_shows_with_its_settings(show):
    page = show(RUN, settings=SETTINGS)
    says(page, ".name", "run0")
    said = "2 clients · images dealt out: iid · learning rate 0.05"
    expect(page.locator(".settings")).to_have_text(said)
    rate = " · learning\N{NO-BREAK SPACE}rate\N{NO-BREAK SPACE}0.05"
    assert rate in page.locator(".settings").text_content()


def test_two_runs_stand_side_by_side_at_the_same_round(show):
    more = [{**RUN[0], "rounds": 3}, *RUN[1:3], RUN[1], *RUN[3:-1], FINISHED]
    page = show(RUN, others=more, hash="#round=2")
    expect(page.locator(".doing")).to_have_text(["Round 2 is finished"] * 2)
    page.locator("#live").click()
    expect(page.locator(".doing").last).to_have_text("Finished: 3 rounds")
    left, right = (page.locator(".run").nth(index).bounding_box() for index in (0, 1))
    assert left["y"] == right["y"] and left["x"] + left["width"] <= right["x"]
    names = page.locator(".name").all_text_contents()
    for place, look in zip(names, ("solid", "dashed"), strict=True):
        says(page.locator("#key span").filter(has=page.locator(f".{look}")), "xpath=.", place)
    expect(page.locator("#logs h3")).to_have_text(names)
    says(page.locator(".log").last, "xpath=.", "The run is finished")
    for name in names:
        says(page, "#said", f"{name}: Round 3: accuracy 75.00 %")


def test_a_history_alone_shows_its_curve_and_a_dash_for_what_is_no_number(tmp_path, open_page):
    write_history(tmp_path / "old", [0.1, 0.5, 0.75])
    path = tmp_path / "old/history.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2,1.5,", "2,nan,"), encoding="utf-8")
    export([tmp_path / "old"], tmp_path / "old.html")
    page = open_page((tmp_path / "old.html").as_uri(), offline=True)
    says(page, ".doing", "Only history.csv is there")
    says(page, ".accuracy", "75.00 %")
    says(page, "#point", "Round 2: accuracy 75.00 %, loss –")
    for absent in ("canvas", ".chosen", "details", "#legend"):
        expect(page.locator(absent).first).to_be_hidden()
    label = "round 0 10.00 %, round 1 50.00 %, round 2 75.00 %"
    expect(page.locator("#curve")).to_have_attribute("aria-label", re.compile(label))


BLOCKED = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("blocked", "SecurityError"); } })"""


def test_a_browser_that_remembers_nothing_shows_the_page(show):
    page = show(RUN, script=BLOCKED, color_scheme="light")
    page.locator("#theme").click()
    says(page, "#theme", "Light")


def heard_just_now(route):
    """Let the page hear that something has happened this very moment, whatever is so."""
    news = route.fetch().json()
    route.fulfill(json={**news, "runs": [{**run, "idle": 0.0} for run in news["runs"]]})


@pytest.mark.parametrize("hours", [-1, 1])
def test_silence_is_measured_by_our_clock_and_not_by_the_records(site, open_page, hours):
    """The record's clock is an hour off; its server, which is this process, lives."""
    address, (run, _) = site
    time = (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="milliseconds")
    write(run / "events.jsonl", [{"time": time, **event} for event in BEGIN])
    with locked_run(run):
        page = open_page("about:blank")
        page.route("**/news*", heard_just_now, times=1)
        page.goto(address)
        says(page, ".doing", "Round 1: 0 of 1 update")
        seconds = page.locator(".seconds").first
        expect(seconds).not_to_have_text(seconds.text_content())  # they go on
        assert "nothing heard" not in page.locator(".doing").first.text_content()
        assert int(seconds.text_content()) < 100
    says(page, ".doing", "The server has gone without a word")


def test_a_page_that_is_refused_asks_again_and_keeps_the_readers_moment(site, open_page):
    address, runs = site
    for run in runs:  # both are over: a page asks for news every two seconds
        write(run / "events.jsonl", RUN)
    page = open_page("about:blank")
    page.route("**/news*", lambda route: route.fulfill(status=503), times=1)
    page.goto(address)
    says(page, "#connection", "The page has lost")
    says(page, ".doing", "Stopped")
    expect(page.locator("#connection")).to_have_text("")
    move_to(page, 7)
    page.route("**/news*", lambda route: route.abort(), times=1)
    says(page, "#connection", "The page has lost")
    expect(page.locator("#connection")).to_have_text("")
    expect(page.locator("#position")).to_have_value("7")


def test_seven_tabs_of_one_browser_are_all_served(site, open_page, browser):
    """A browser has six connections to a host: a page keeps none of an ended run, nor while it is hidden."""
    address, (run, _) = site
    write(run / "events.jsonl", RUN)
    context = open_page(address).context
    for _ in range(6):
        page = context.new_page()
        page.goto(address)
        says(page, ".doing", "Stopped")


NOTED = """() => {
    window.seen = [];
    const look = () => {
        for (const where of [".doing", "#said"]) seen.push(document.querySelector(where).textContent);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_a_run_that_ends_is_not_called_dead_while_its_last_lines_come(site, open_page):
    """The lock is free, and the lines that say why are on their way."""
    address, (run, _) = site
    write(run / "events.jsonl", RUN[:-1])
    with locked_run(run):
        page = open_page(address)
        says(page, ".doing", "Round 3 is finished")
        page.evaluate(NOTED)
        held = []
        page.route("**/lines/0*", lambda route: held.append(route))  # until we let it pass
        with open(run / "events.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"seconds": 9.0, **FINISHED}) + "\n")
    with page.expect_request("**/lines/0*"):
        pass
    page.wait_for_timeout(700)  # in which it is drawn at least twice
    held[0].continue_()
    says(page, ".doing", "Finished: 3 rounds")
    says(page, "#said", "Finished: 3 rounds")
    seen = " ".join(page.evaluate("() => seen"))
    assert "Finished: 3 rounds" in seen and "gone without a word" not in seen


def test_when_the_server_is_gone_nothing_moves_and_nobody_trains(site, open_page):
    address, (run, _) = site
    write(run / "events.jsonl", RUN[:5])
    page = open_page(address)
    says(page, ".doing", "The server has gone without a word")
    does(page, "Client 0", "was training when the server went")
    page.wait_for_timeout(1000)  # what was on its way has arrived
    assert not moves(page)
    with locked_run(run):
        does(page, "Client 0", "trains")
        assert moves(page)


def test_a_server_that_starts_is_said_to_before_it_tells_anything(site, open_page):
    address, (run, _) = site
    (run / "events.jsonl").unlink(missing_ok=True)
    page = open_page(address)
    expect(page.locator(".doing").first).to_contain_text(re.compile("it is gone|no such run yet"))
    with locked_run(run):
        says(page, ".doing", "The server is starting")
    write(run / "events.jsonl", RUN)
    says(page, ".doing", "Stopped")
    with locked_run(run):
        says(page, ".doing", "The server is starting")
    says(page, ".doing", "Stopped")


def test_an_export_of_a_run_that_goes_on_says_of_when_it_is(show, tmp_path):
    (tmp_path / "run0").mkdir()
    with locked_run(tmp_path / "run0"):
        page = show(RUN[:5])
    moment = r"Round 1: 0 of 2 updates are in; as of \d{4}-\d\d-\d\d [\d:]{8} UTC, when this file was made"
    expect(page.locator(".doing")).to_have_text(re.compile(moment))
    assert page.locator("#said").text_content() == ""


def test_the_moment_before_the_first_event_is_no_waiting_for_a_run(show):
    page = show(RUN, hash="#event=0")
    says(page, ".doing", "Before the first event")
    page.locator("#live").click()
    says(page, ".doing", "Stopped")
    page.evaluate(NOTED)
    page.locator("#play").click()
    # The page notes it itself: this moment is over before a busy machine has asked twice.
    page.wait_for_function("() => seen.some((said) => said.startsWith('Starting'))")
    assert "Before the first event" not in page.evaluate("() => seen")


def test_outcomes_are_read_aloud_and_the_curve_only_to_who_walks_along_it(show):
    page = show(RUN)
    status = page.get_by_role("status").first
    expect(status).to_have_attribute("aria-live", "polite")
    expect(status).to_contain_text("Round 3: accuracy 75.00 %. Stopped")
    point = page.locator("#point")
    expect(point).to_have_attribute("aria-live", "off")
    page.locator("#curve").press("ArrowRight")
    expect(point).to_have_attribute("aria-live", "polite")
    page.locator("#play").focus()
    expect(point).to_have_attribute("aria-live", "off")
