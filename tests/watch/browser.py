"""What tests do with a page in a real browser, and wait for there."""

import pytest

from tests.watch.runs import LOCAL, MILLISECONDS

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect
expect.set_options(timeout=MILLISECONDS)
PIXELS = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 1) sum = (sum * 31 + data[at]) % 1e9;
    return sum;
}"""


def watch(start_warm, directory, port):
    """Start the watch command for results/run there; return it and the page's address."""
    command = start_warm(["-m", "beyond.watch", "results/run", "--port", port], directory)
    return command, command.wait_for(rf"^{LOCAL}:{port}/\S+")[0]


def says(page, selector, text):
    """Wait until an element says something."""
    expect(page.locator(selector)).to_contain_text(text)


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


def percent(accuracy):
    """Return an accuracy as the page shows it; toFixed rounds halves up in binary, as format does."""
    return f"{100 * accuracy:.2f} %"
