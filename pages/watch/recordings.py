"""The pictures of the page in the browser: recorded runs, replayed to a moment, light and dark.

The moments are chosen by a rule: the lesson's third round when half of its updates are in; and, in "Kill
one", the end of the first round that client 3 was missed in. Needs playwright and the system's chromium.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

from pages.record import Recording
from pages.watch.facts import LESSON, read_events
from support.command_line import ROOT, UserError

WIDTH, HEIGHT = 1000, 760
READY = 60  # seconds


def middle_of_round(events, server_round=3):
    """Return after how many events half of a round's updates are in."""
    (asked,) = (
        len(e["asked"]) for e in events if (e["what"], e.get("round")) == ("round", server_round)
    )
    received = [
        at
        for at, e in enumerate(events, 1)
        if (e["what"], e.get("round")) == ("received", server_round)
    ]
    return received[asked // 2 - 1]


def end_of_round_without(events, client=3):
    """Return after how many events the first round is evaluated in which a client was missing."""
    missed = next(e["round"] for e in events if (e["what"], e.get("client")) == ("missing", client))
    return next(
        at for at, e in enumerate(events, 1) if (e["what"], e.get("round")) == ("evaluated", missed)
    )


MOMENTS = {"lesson": middle_of_round, "faults": end_of_round_without}


@contextmanager
def served(run):
    """Serve the page of a run; yield its address."""
    command = [sys.executable, "-m", "beyond.watch", str(run), "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield re.search(r"http://\S+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def take(browser, address, count, scheme, path):
    """Save a picture of the page after `count` events in a colour scheme."""
    size = {"width": WIDTH, "height": HEIGHT}
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.locator("#log li").first.wait_for()
    slider = page.locator("#position")
    deadline = time.monotonic() + READY
    while int(slider.get_attribute("max")) < count and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    slider.evaluate(
        "(range, count) => { range.value = count; range.dispatchEvent(new Event('input')); }", count
    )
    page.locator(f"#position[aria-valuetext^='event {count} of']").wait_for()
    page.screenshot(path=path)
    context.close()


def take_all(directory, recorded):
    """Write watch.light.png and watch.dark.png beside both records."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium or not importlib.util.find_spec("playwright"):
        raise UserError("pictures of the page need playwright and chromium; install both")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        for name, moment in MOMENTS.items():
            run, count = LESSON.recorded / name, moment(read_events(name))
            with served(run) as address:
                for scheme in ("light", "dark"):
                    take(browser, address, count, scheme, run / f"watch.{scheme}.png")
        browser.close()


RUN = ("events.jsonl", "run.json", "history.csv")


def replay(name, command):
    """Return the recording of a run of `command`, of which a replay is made, in recorded/NAME/."""
    files = {f"{name}/{file}": f"results/{name}/{file}" for file in RUN}
    return Recording((f"python {command} --run results/{name}",), files=files)


PRIVATE = (
    "-m beyond.differential_privacy.federation --address {address} --clip 0.5 --target-epsilon 8"
)
RECORDINGS = {
    "iid": replay("iid", "federation.py --address {address}"),
    "skewed": replay("skewed", "federation.py --address {address} --scheme shards"),
    "private": replay("private", PRIVATE),
    "hundred": replay("hundred", "-m beyond.simulation.federation --clients 100 --rounds 5"),
    "pictures": Recording(function=take_all),
}
