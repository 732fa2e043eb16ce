"""What tests do with a page in a real browser, and wait for there."""

from base64 import b64decode
from io import BytesIO

import matplotlib.image
import pytest
from matplotlib.colors import to_rgba

from tests.watch.runs import LOCAL, MILLISECONDS

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
expect.set_options(timeout=MILLISECONDS)


def watch(start_warm, directory, port=0):
    """Start the watch command for results/run there; return it and the page's address."""
    command = start_warm(["-m", "beyond.watch", "results/run", "--port", port], directory)
    return command, command.wait_for(rf"^{LOCAL}:\S+")[0]


def says(page, selector, text):
    """Wait until an element, the first one of several, says something."""
    expect(page.locator(selector).first).to_contain_text(text)


def does(page, name, text):
    """Wait until the table of all clients, which is opened for that, says this of one."""
    page.locator("details").evaluate_all("(all) => all.forEach((one) => (one.open = true))")
    row = page.locator(".clients tr").filter(has=page.locator("th", has_text=name))
    expect(row.first.locator("td").first).to_contain_text(text)


def move_to(page, count):
    """Drag the replay to after `count` events."""
    page.locator("#position").evaluate(
        "(range, count) => { range.value = count; range.dispatchEvent(new Event('input')); }", count
    )


def picture(canvas):
    """Return what is drawn on a canvas, as a PNG in base 64."""
    return canvas.evaluate("(canvas) => canvas.toDataURL()").partition(",")[2]


def moves(page):
    """Return whether the stage changes in some 1.2 seconds."""
    stage = page.locator("canvas").first
    return len({picture(stage) for _ in range(12) if page.wait_for_timeout(100) is None}) > 1


def painted(canvas, role):
    """Return which pixels of a canvas, row by row, have the colour of a role in the page's palette."""
    code = "(canvas, role) => getComputedStyle(canvas).getPropertyValue(`--${role}`).trim()"
    image = matplotlib.image.imread(BytesIO(b64decode(picture(canvas))))
    return (abs(image - to_rgba(canvas.evaluate(code, role))) < 0.05).all(axis=2)


def percent(accuracy):
    """Return an accuracy as the page shows it; toFixed rounds halves up in binary, as format does."""
    return f"{100 * accuracy:.2f} %"
