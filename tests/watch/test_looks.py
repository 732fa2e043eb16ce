"""How the page looks in a real browser: sizes, colours, what moves, and pictures of it."""

import re

import matplotlib.image
import pytest

from tests.support.pictures import contrast, luminance
from tests.watch.browser import does, expect, move_to, moves, painted, says
from tests.watch.runs import ANSWER, BEGIN, RUN, STOPPED, who

pytestmark = pytest.mark.thorough


def color_of(page, selector, name):
    """Return a colour of an element as (red, green, blue), from 0 to 1."""
    code = "(element, name) => getComputedStyle(element)[name]"
    said = page.locator(selector).first.evaluate(code, name)
    return [int(part) / 255 for part in re.findall(r"\d+", said)[:3]]


LEGIBLE = [".doing", ".settings", "dt", "#legend", "#legend .left", "#log", "#chart h2"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_browser_can_be_switched_is_legible_and_cuts_nothing_off(show, scheme):
    page = show(RUN, color_scheme=scheme)
    for now in (scheme, {"light": "dark", "dark": "light"}[scheme]):
        ground = color_of(page, "body", "backgroundColor")
        assert (luminance(ground) > 0.5) == (now == "light")
        for selector in LEGIBLE:
            assert contrast(color_of(page, selector, "color"), ground) >= 4.5, selector
        page.locator("#theme").click()
    for width in (1920, 1280, 600, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        tops = [figure.bounding_box()["y"] for figure in page.locator("dl > div").all()]
        assert len(tops) == 5
        assert width == 320 or all(tops.count(top) > 1 for top in tops)  # none alone
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        expect(page.locator("#play")).to_be_in_viewport()  # the controls stay at hand
        for figure in page.locator("dd").all():
            code = "(one) => one.getClientRects().length && one.scrollHeight / one.clientHeight"
            assert figure.evaluate(code) <= 1.1  # lines


def test_on_a_phone_nothing_jumps_while_a_run_is_played(show):
    page = show(RUN)
    page.set_viewport_size({"width": 390, "height": 900})
    tops = "(all) => all.map((one) => Math.round(one.getBoundingClientRect().y + scrollY)).join()"
    places = set()
    for count in range(3, len(RUN)):
        move_to(page, count)
        page.locator(f"#position[aria-valuetext^='event {count} ']").wait_for()
        places.add(page.locator("canvas, #legend, #chart").evaluate_all(tops))
    assert len(places) == 1


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_trains_moves_unless_the_reader_wants_no_motion(show, motion):
    page = show(RUN, reduced_motion=motion)
    move_to(page, 5)
    does(page, "Client 0", "trains")
    assert moves(page) == (motion == "no-preference")


@pytest.mark.parametrize("settings", [{"shares": 2}, {"target_epsilon": 8.0}])
def test_weights_travel_to_clients_of_which_no_more_is_told(show, settings):
    page = show([*BEGIN[:4], STOPPED], settings=settings, hash="#event=4")
    says(page, ".doing", "Round 1: 1 client is asked")
    assert moves(page)


def test_a_picture_of_the_moment_is_saved_and_says_what_it_shows(show):
    """Of one moment with two settings, the stages are alike, and what stands above them is not."""
    pictures = []
    for rate in (0.05, 0.5):
        page = show(RUN, settings={"learning_rate": rate}, hash="#round=2")
        says(page, ".doing", "Round 2 is finished")
        with page.expect_download() as saved:
            page.locator("#save").click()
        assert saved.value.suggested_filename.endswith("event-17.png")
        pictures.append(matplotlib.image.imread(saved.value.path()))
    assert pictures[0][..., :3].std() > 0.05
    height = page.locator("canvas").first.bounding_box()["height"]
    rows = (pictures[0] != pictures[1]).any(axis=(1, 2)).nonzero()[0]
    assert 0 < len(rows) < 20 and rows[-1] < len(pictures[0]) - height


def test_a_finger_points_at_a_client_until_it_taps_elsewhere(show):
    page = show(RUN, has_touch=True)
    hint = page.locator(".chosen").text_content()
    place = page.locator("canvas").first.bounding_box()
    middle = place["x"] + place["width"] / 2
    page.touchscreen.tap(middle - 30, place["y"] + place["height"] - 40)
    says(page, ".chosen", "Client 0: ")
    page.wait_for_timeout(600)  # two redraws
    says(page, ".chosen", "Client 0: ")
    page.locator("h1").dispatch_event("pointerdown")
    expect(page.locator(".chosen")).to_have_text(hint)


# Notes what is written on a canvas, and which squares are drawn: `drawn` has both, with their places.
NOTED = """window.drawn = { texts: [], squares: [], strokes: 0 };
const own = CanvasRenderingContext2D.prototype;
const { fillText, roundRect, stroke } = own;
own.fillText = function (said, x, y, ...others) {
    const size = parseFloat(this.font.match(/[\\d.]+px/)[0]);
    drawn.texts.push({ said, x, y, size, width: this.measureText(said).width });
    return fillText.call(this, said, x, y, ...others);
};
own.roundRect = function (x, y, w, h, ...others) {
    if (w === h) drawn.squares.push({ x, y, side: w });
    return roundRect.call(this, x, y, w, h, ...others);
};
own.stroke = function (...all) { drawn.strokes += 1; return stroke.apply(this, all); };
"""


@pytest.mark.parametrize("clients", [10, 20, 100])
def test_no_type_is_tiny_and_a_number_keeps_its_unit(show, clients):
    settings = {"partitions": {"clients": clients, "scheme": "iid", "seed": 0}}
    begin = [{**BEGIN[0], "clients": clients}, *RUN[1:]]
    page = show(begin, settings=settings, script=NOTED)
    for width in (390, 640, 1280):
        page.evaluate("() => (drawn.texts = [])")
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("() => drawn.texts.length > 20")
        texts = page.evaluate("() => drawn.texts")
        assert min(text["size"] for text in texts) >= 11
        assert ("images" in " ".join(text["said"] for text in texts)) or clients == 100


def test_updates_that_are_averaged_pass_over_no_text(show):
    page = show(RUN, hash="#event=8", script=NOTED)
    says(page, ".doing", "2 of 2 updates are in")
    page.evaluate("() => (drawn.squares = [])")
    page.locator("#forward").click()
    says(page, ".doing", "averaged")
    page.wait_for_timeout(2000)  # as long as it is staged
    texts, squares = page.evaluate("() => [drawn.texts, drawn.squares]")
    said = ("averages 2 updates", "of 20 images", "w = ")
    beside = [text for text in texts if text["said"].startswith(said)]
    assert len(squares) > 20 and len({text["said"] for text in beside}) == 3
    for text in beside:
        for square in squares:
            side = square["side"]
            is_beside = not -side < square["x"] - text["x"] < text["width"]
            is_above_or_below = not -side < square["y"] - text["y"] + text["size"] < text["size"]
            assert is_beside or is_above_or_below, (text, square)


def test_the_cross_on_a_broken_update_is_seen(show):
    """Its weights are NaN, of the cross's colour: less than half of its square has that."""
    answer = {**ANSWER, "weights": [None] * 9}
    out = {"what": "left_out", "round": 1, **who(0), "reason": "it has NaN"}
    events = [*BEGIN, answer, out, STOPPED]
    page = show(events, script=NOTED, reduced_motion="reduce", hash="#event=7")
    page.wait_for_function("() => drawn.squares.length")
    square = page.evaluate("() => drawn.squares.at(-1)")
    rows, columns = (slice(round(square[at]), round(square[at] + square["side"])) for at in "yx")
    part = painted(page.locator("canvas").first, "fault")[rows, columns].mean()
    assert 0.1 < part < 0.5


def test_the_lines_of_many_clients_are_drawn_once(show):
    page = show([{**BEGIN[0], "clients": 300}, *BEGIN[1:], STOPPED], script=NOTED, hash="#event=5")
    page.wait_for_timeout(1000)  # until nothing travels
    code = """() => new Promise((done) => {
        let frames = 0;
        const before = drawn.strokes;
        const next = () => (++frames < 20 ? requestAnimationFrame(next) : done(drawn.strokes - before));
        next();
    })"""
    assert 0 < page.evaluate(code) < 300


def test_a_full_screen_is_read_from_the_last_row(show):
    page = show(RUN)
    page.set_viewport_size({"width": 1920, "height": 1400})
    sizes = """() => ["dt", ".doing", ".chosen", "#legend"].map((name) => parseFloat(
        getComputedStyle(document.querySelector(name)).fontSize))"""
    before = page.evaluate(sizes)
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement")
    expect(page.locator("html")).to_have_class("cinema")
    after = page.evaluate(sizes)
    assert all(large > 1.2 * small for small, large in zip(before, after, strict=True))
    assert page.locator("#legend").is_visible()
    page.wait_for_function("() => document.querySelector('#curve canvas').clientHeight > 100")
    curve = page.locator("#curve").bounding_box()
    assert 1380 <= curve["y"] + curve["height"] <= 1400
    assert page.evaluate("() => document.documentElement.scrollHeight") <= 1400


def test_a_huge_number_of_clients_does_not_hang_the_page(show):
    page = show([{**BEGIN[0], "clients": 10**9}, STOPPED])
    says(page, ".doing", "Stopped")
    expect(page.locator("canvas").first).to_have_attribute(
        "aria-label", re.compile("^10,000 clients")
    )
