"""The watch command as a site: what it serves, what it refuses, and how its stream follows the file."""

import http.client
import json
import re
import signal
import socket
import sys
from contextlib import contextmanager

import psutil
import pytest

from tests.support.complaints import complaint
from tests.support.harness import PATIENCE
from tests.support.ports import free_address

LINES = [
    '{"seconds": 0.0, "what": "started", "clients": 2, "rounds": 1}',
    '{"seconds": 0.1, "what": "joined", "client": 0, "name": "Client 0", "here": 1, "expected": 2}',
]


@pytest.fixture
def watching(start_warm, tmp_path):
    """The watch command for a run that is not there yet, as (Actor, port, its events.jsonl)."""
    port = free_address().rpartition(":")[2]
    command = start_warm(["-m", "beyond.watch", "results/run", "--port", port], tmp_path)
    command.wait_for(f"^http://127.0.0.1:{port}/ shows results/run/")
    run = tmp_path / "results/run"
    run.mkdir(parents=True)
    return command, int(port), run / "events.jsonl"


def answer(port, path="/", method="GET", **headers):
    """Return (status, headers, text) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        got = connection.getresponse()
        return got.status, got.headers, got.read().decode()
    finally:
        connection.close()


@contextmanager
def stream(port):
    """Yield a function that returns the next (event, data) of the stream."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/events")
    got = connection.getresponse()
    assert got.headers["Content-Type"].startswith("text/event-stream")

    def following():
        fields = {}
        while line := got.readline().decode().rstrip("\n"):
            if not line.startswith(":"):
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        return (fields["event"], fields.get("data", "")) if fields else following()

    try:
        yield following
    finally:
        connection.close()


def test_the_page_and_its_files_are_served_and_need_nobody_else(watching):
    _, port, _ = watching
    status, headers, page = answer(port)
    assert status == 200 and "default-src 'self'" in headers["Content-Security-Policy"]
    for path in re.findall(r'(?:src|href)="([^"#][^":]*)"', page):
        assert answer(port, f"/{path}")[0] == 200
    everything = page + "".join(
        answer(port, f"/{name}")[2] for name in ("style.css", "watch.js", "run.js")
    )
    assert set(re.findall(r"https?://[^\s\"')]+", everything)) <= {"http://www.w3.org/2000/svg"}


ABSENT = ["/run.json", "/../../etc/passwd", "/..%2f..%2f__main__.js", "/glyphs.js", "/docs"]
ABSENT += ["/openapi.json"]


def test_anything_else_gets_404(watching):
    _, port, _ = watching
    others = [("POST", "/"), ("HEAD", "/events"), ("DELETE", "/style.css")]
    for method, path in [*others, *(("GET", path) for path in ABSENT)]:
        assert answer(port, path, method)[0] == 404, path


def test_a_strangers_host_is_refused(watching):
    _, port, _ = watching
    for host, status in {"localhost": 200, f"127.0.0.1:{port}": 200, "evil.example": 400}.items():
        assert answer(port, Host=host)[0] == status
    assert answer(port, "/events", Host="evil.example")[0] == 400


def connections(command, port, state):
    """Return the addresses of `port` that the command has connections of this state at."""
    mine = psutil.Process(command.number).net_connections()
    return [one.laddr.ip for one in mine if (one.laddr.port, one.status) == (port, state)]


def test_nobody_beyond_this_machine_is_listened_to(watching):
    command, port, _ = watching
    assert connections(command, port, psutil.CONN_LISTEN) == ["127.0.0.1"]


def test_the_stream_follows_a_file_that_comes_grows_and_is_replaced(watching):
    _, port, path = watching
    with stream(port) as following:
        assert following() == ("absent", "results/run/events.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(LINES[0] + "\n" + LINES[1][:20])  # half a line is none
            file.flush()
            assert [following(), following()] == [
                ("begin", "results/run/events.jsonl"),
                ("line", LINES[0]),
            ]
            file.write(LINES[1][20:] + "\n")
            file.flush()
            assert following() == ("line", LINES[1])
        new = path.with_name("new")
        new.write_text(LINES[1] + "\n", encoding="utf-8")
        new.replace(path)
        assert [following(), following()] == [
            ("begin", "results/run/events.jsonl"),
            ("line", LINES[1]),
        ]
        path.write_text("", encoding="utf-8")
        assert following()[0] == "begin"


def test_ten_browsers_see_the_same_and_one_that_goes_leaves_nothing(watching):
    command, port, path = watching
    path.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8")

    for _ in range(10):
        with stream(port) as following:
            assert [following()[0] for _ in range(3)] == ["begin", "line", "line"]
    command.wait_until(
        lambda: not connections(command, port, psutil.CONN_ESTABLISHED), "all streams have ended"
    )


def test_ctrl_c_ends_it_although_a_page_is_open(watching):
    command, port, path = watching
    path.write_text(LINES[0] + "\n", encoding="utf-8")
    with stream(port) as following:
        assert following()[0] == "begin"
        command.send(signal.SIGINT)
        assert command.wait(8) == 130
    assert "Traceback" not in command.output


# A browser that runs in the terminal: it shows a page, and stays.
BROWSER = """
import signal, sys, urllib.request
from pathlib import Path
page = urllib.request.urlopen(sys.argv[1], timeout=30).read()
Path("page.new").write_bytes(page)
Path("page.new").rename("page.html")
signal.pause()
"""


def test_a_browser_in_the_terminal_gets_the_page_and_stops_nobody(stage, tmp_path):
    (tmp_path / "browser.py").write_text(BROWSER, encoding="utf-8")
    browser = f"{sys.executable} {tmp_path / 'browser.py'} %s"
    words = ["-m", "beyond.watch", "results/run", "--port", 0, "--open"]
    command = stage.start(*words, cwd=tmp_path, BROWSER=browser)
    command.wait_until((tmp_path / "page.html").exists, "the browser has the page")
    assert "<title>Watch the federation</title>" in (tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    port = int(command.wait_for(r"^http://127.0.0.1:(\d+)/ shows")[1])
    assert answer(port)[0] == 200  # while the browser is open
    command.send(signal.SIGINT)
    assert command.wait() == 130 and "Traceback" not in command.output


def refused(stage, directory, *words):
    """Return the one line with which the command refuses `words`."""
    return complaint(stage.run("-m", "beyond.watch", *words, cwd=directory), "beyond.watch")


def test_mistakes_get_one_line(stage, tmp_path):
    (tmp_path / "events.jsonl").touch()
    for words, mistake in {
        (tmp_path / "events.jsonl", "--no-wait"): "events.jsonl is empty",
        ("results/x", "--no-wait"): "there is no results/x/events.jsonl",
        ("--port", "many"): "--port",
    }.items():
        assert mistake in refused(stage, tmp_path, *words)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refused(stage, tmp_path, "--port", taken.getsockname()[1])
    assert "choose another --port" in line


def test_what_is_served_is_only_read(watching, tmp_path):
    _, port, path = watching
    path.write_text(LINES[0] + "\n", encoding="utf-8")
    with stream(port) as following:
        following()
    assert [entry.name for entry in path.parent.iterdir()] == ["events.jsonl"]
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(LINES[0])
