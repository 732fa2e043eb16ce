"""Pages in a real browser, of a site that this process serves or of one file, and their modules by node."""

import json
import shutil
import subprocess
from contextlib import ExitStack
from threading import Thread

import pytest
import uvicorn

from beyond.watch.__main__ import listener
from beyond.watch.assets import FILES, export
from beyond.watch.site import make_site
from tests.support.harness import PATIENCE
from tests.watch.runs import LOCAL, MILLISECONDS, write


@pytest.fixture
def open_page(browser):
    """open_page(address, ...) opens a page that must not complain; `script` runs before its own."""
    complaints = []
    with ExitStack() as contexts:

        def open_one(address, script="", **options):
            size = {"width": 1280, "height": 900}
            context = contexts.enter_context(browser.new_context(viewport=size, **options))
            context.set_default_timeout(MILLISECONDS)
            context.on("weberror", lambda complaint: complaints.append(str(complaint.error)))
            context.add_init_script(script)
            page = context.new_page()
            page.goto(address)
            return page

        yield open_one
        assert complaints == []


TOKEN = "token"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a page that this process serves, and the directories of its two runs."""
    runs = [tmp_path_factory.mktemp("watched") for _ in range(2)]
    shown = make_site(runs, TOKEN, is_over=lambda: server.should_exit)
    server = uvicorn.Server(uvicorn.Config(shown, log_level="critical", ws="none"))
    with listener(0) as own:
        thread = Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
        thread.start()
        yield f"{LOCAL}:{own.getsockname()[1]}/?token={TOKEN}", runs
        server.should_exit = True
        thread.join()


@pytest.fixture
def show(tmp_path, open_page):
    """show(events, ...) opens the page of a run in which those have happened, as one file without a server.

    A str is a damaged line; `settings` are those in run.json; `others` are the events of a second run.
    """

    def show_them(events, settings=None, others=None, hash="", **options):
        runs = [tmp_path / f"run{number}" for number in range(1 if others is None else 2)]
        for run, lines in zip(runs, [events, others], strict=False):
            write(run / "events.jsonl", lines)
            (run / "run.json").write_text(json.dumps({"settings": settings}), encoding="utf-8")
        export(runs, tmp_path / "replay.html")
        page = open_page((tmp_path / "replay.html").as_uri() + hash, offline=True, **options)
        page.wait_for_function("() => document.title !== 'Watch the federation'")  # it is drawn
        return page

    return show_them


# The page's modules that know no page; `recordOf` gives events their seconds, unless they have some.
MAIN = """
import * as aloud from "./aloud.js";
import * as events from "./events.js";
import * as layout from "./layout.js";
import * as record from "./record.js";
import * as replay from "./replay.js";
import * as run from "./run.js";
import * as words from "./words.js";
import { readFileSync } from "node:fs";
const recordOf = (events) => {
  const one = new record.Record();
  one.takeText(events.map((event, at) => JSON.stringify({ seconds: at / 10, ...event }) + "\\n").join(""));
  return one;
};
const answer = ((given) => { CODE })(JSON.parse(readFileSync(0)));
console.log(JSON.stringify(answer ?? null));
"""


@pytest.fixture
def javascript(tmp_path):
    """javascript(code, given) returns what `code`, the body of a function of `given`, returns.

    Node alone runs it, and both are as JSON has them.
    """
    node = shutil.which("node") or shutil.which("nodejs")
    if not node:
        pytest.skip("no node here: apt-get install nodejs")
    shutil.copytree(FILES, tmp_path / "page")
    (tmp_path / "page/package.json").write_text('{"type": "module"}', encoding="utf-8")

    def run(code, given):
        (tmp_path / "page/main.js").write_text(MAIN.replace("CODE", code), encoding="utf-8")
        done = subprocess.run(
            [node, "main.js"],
            cwd=tmp_path / "page",
            input=json.dumps(given),
            capture_output=True,
            timeout=PATIENCE,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
