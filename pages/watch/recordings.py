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
from io import BytesIO
from itertools import pairwise

from PIL import Image

from pages.record import Recording
from pages.watch.facts import LESSON, read_events
from support.command_line import ROOT, UserError

WIDTH, HEIGHT = 1000, 670
READY = 60_000  # milliseconds


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
    page.goto(f"{address}#event={count}")
    page.locator(f"#position[aria-valuetext^='event {count} of']").wait_for(timeout=READY)
    page.screenshot(path=path)
    context.close()


@contextmanager
def chromium():
    """Yield the system's browser. Raises UserError if it or playwright is missing."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path or not importlib.util.find_spec("playwright"):
        raise UserError("pictures of the page need playwright and chromium; install both")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


def take_all(directory, recorded):
    """Write watch.light.png and watch.dark.png beside both records."""
    with chromium() as browser:
        for name, moment in MOMENTS.items():
            run, count = LESSON.recorded / name, moment(read_events(name))
            with served(run.relative_to(ROOT)) as address:
                for scheme in ("light", "dark"):
                    take(browser, address, count, scheme, run / f"watch.{scheme}.png")


FIRST = 12  # events before the film begins: the clients are here, and round 1 begins
FRAMES_EVERY = 120  # milliseconds
FILM = {"width": 900, "height": 900}


def film(browser, address, scheme, path):
    """Save the first two rounds of a run, played, as an animated WebP, and the end of round 2 as a PNG."""
    context = browser.new_context(viewport=FILM, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}#event={FIRST}")
    page.locator(f"#position[aria-valuetext^='event {FIRST} of']").wait_for(timeout=READY)
    page.locator("#play").click()
    box = page.locator(".picture").bounding_box()
    clip = {"x": 0, "y": page.locator(".doing").bounding_box()["y"], "width": FILM["width"]}
    clip["height"] = box["y"] + box["height"] - clip["y"] + 8
    frames, began = [], time.monotonic()
    while not page.title().startswith("Round 2") or len(frames) % 8:
        frames.append((time.monotonic() - began, page.screenshot(clip=clip)))
        page.wait_for_timeout(FRAMES_EVERY)
    context.close()
    save_film(frames, path)


def save_film(frames, path):
    """Write `frames`, [(seconds, PNG), ...], to PATH.webp, and the one in the middle to PATH.png."""
    times, pictures = zip(*frames, strict=True)
    images = [Image.open(BytesIO(picture)).convert("RGB") for picture in pictures]
    durations = [round(1000 * (after - at)) for at, after in pairwise(times)]
    how = {"quality": 50, "method": 6, "loop": 0, "minimize_size": True}
    images[0].save(
        f"{path}.webp", save_all=True, append_images=images[1:], duration=[*durations, 2500], **how
    )
    images[len(images) // 4].save(f"{path}.png", optimize=True)


def film_all(directory, recorded):
    """Write the moving picture that opens README.md, light and dark."""
    with chromium() as browser, served((recorded / "iid").relative_to(ROOT)) as address:
        for scheme in ("light", "dark"):
            film(browser, address, scheme, recorded / f"iid/rounds.{scheme}")


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
    "film": Recording(function=film_all),
}
