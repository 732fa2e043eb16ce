"""The watch command as a site: what it serves, what it refuses, and how its stream follows the file."""

import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from beyond.watch.assets import export
from beyond.watch.run_files import read_inside
from support.command_line import UserError
from support.run_settings import locked_run
from tests.support.complaints import complaint
from tests.support.harness import PATIENCE, environment, wait_until
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
    command.token = command.wait_for(rf"^http://127.0.0.1:{port}/\?token=(\S+) shows results/run/")[
        1
    ]
    run = tmp_path / "results/run"
    run.mkdir(parents=True)
    return command, int(port), run / "events.jsonl"


def answer(port, path="/", method="GET", token="", **headers):
    """Return (status, headers, text) of one request by who has `token`, in a cookie."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        headers.setdefault("Cookie", f"watch-{port}={token}")
        connection.request(method, path, headers=headers)
        got = connection.getresponse()
        return got.status, got.headers, got.read().decode()
    finally:
        connection.close()


class Reader:
    """Follows the only run as the page does: asks for news, then for lines."""

    def __init__(self, watching):
        command, self.port, _ = watching
        self.token = command.token
        self.version, self.generation, self.position, self.text = "", "", 0, ""

    def ask(self, path):
        """Return the answer to a question, as text."""
        status, _, text = answer(self.port, path, token=self.token)
        assert status == 200, (status, text)
        return text

    def follow(self):
        """Wait for news, take what is new, and return the News as a dict."""
        news = json.loads(self.ask(f"/news?known={self.version}&wait=20"))
        self.version, (run,) = news["version"], news["runs"]
        if run["generation"] != self.generation:
            self.generation, self.position, self.text = run["generation"], 0, ""
        if run["size"] > self.position:
            query = f"generation={self.generation}&start={self.position}"
            self.text += self.ask(f"/lines/0?{query}")
            self.position = len(self.text.encode())
        return run

    def wait_for(self, what, condition):
        """Follow until `condition(news)` is true; return the news."""
        return wait_until(lambda: (news := self.follow()) and condition(news) and news, what)


def test_the_page_and_its_files_are_served_and_need_nobody_else(watching):
    command, port, _ = watching
    status, headers, page = answer(port, token=command.token)
    assert status == 200 and "default-src 'self'" in headers["Content-Security-Policy"]
    everything = page
    for path in re.findall(r'(?:src|href)="([^"#][^":]*)"', page):
        status, _, text = answer(port, f"/{path}", token=command.token)
        assert status == 200
        everything += text
    modules = set(re.findall(r'from "\./([\w.]+)"', everything))
    while modules:
        status, headers, text = answer(port, f"/{modules.pop()}", token=command.token)
        assert status == 200 and headers["Content-Type"].startswith("text/javascript")
        modules |= set(re.findall(r'from "\./([\w.]+)"', text)) - set(modules)
        everything += text.partition("*/")[2] if "uPlot" in text[:20] else text
    addresses = set(re.findall(r"https?://[^\s\"')]+", everything))
    assert addresses <= {"http://www.w3.org/2000/svg", "https://github.com/leeoniya/uPlot"}


ABSENT = ["/run.json", "/../../etc/passwd", "/..%2f..%2f__main__.js", "/glyphs.js", "/docs"]
ABSENT += ["/openapi.json", "/lines/1?generation=x&start=0", "/about/9", "/about/-1", "/lines/0"]
WANTED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def assert_guarded(headers):
    """Check that an answer has the headers that every answer is to have."""
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert {name: headers[name] for name in WANTED_HEADERS} == WANTED_HEADERS


def test_anything_else_gets_404_head_is_answered_and_every_answer_is_guarded(watching):
    command, port, _ = watching
    others = [("POST", "/"), ("DELETE", "/style.css"), ("POST", "/news")]
    for method, path in [*others, *(("GET", path) for path in ABSENT)]:
        status, headers, _ = answer(port, path, method, command.token)
        assert status == 404, path
        assert_guarded(headers)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    status, headers, _ = answer(port, "/news?wait=0", **upgrade, **{"Sec-WebSocket-Key": "x" * 22})
    assert status == 403
    assert_guarded(headers)
    status, headers, _ = answer(port, method="NO METHOD")
    assert status == 400
    assert_guarded(headers)
    for path in ("/", "/style.css", "/news?wait=0", "/about/0"):
        status, headers, text = answer(port, path, "HEAD", command.token)
        assert (status, text) == (200, ""), path
        assert_guarded(headers)


def test_who_has_no_token_sees_nothing_and_is_told_where_the_address_is(watching):
    """Every account of this machine may connect; only who has started the command has read the address."""
    command, port, _ = watching
    for path in ("/", "/style.css", "/news", "/about/0", "/lines/0?generation=&start=0"):
        for more in ("", "?token=wrong"):
            status, headers, text = answer(port, path + more)
            assert status == 403 and "python -m beyond.watch has printed" in text
            assert "set-cookie" not in headers
            assert_guarded(headers)
    status, headers, _ = answer(port, f"/?token={command.token}")
    assert (status, headers["Location"]) == (303, "/")
    assert "HttpOnly" in headers["Set-Cookie"] and "SameSite=lax" in headers["Set-Cookie"]
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert answer(port, Cookie=cookie)[0] == 200
    assert answer(port, Cookie=cookie.replace(str(port), "1"))[0] == 403  # another page's
    for token in (command.token, "an-earlier-one"):  # none stays in the address
        status, headers, _ = answer(port, f"/?token={token}", Cookie=cookie)
        assert (status, headers["Location"]) == (303, "/")
        assert_guarded(headers)
    # Through ssh -L, pages of two machines have one cookie each.
    _, headers, _ = answer(port, f"/?token={command.token}", Host="127.0.0.1:18090")
    assert headers["Set-Cookie"].startswith("watch-18090=")
    assert answer(port, Host="127.0.0.1:18090", Cookie=headers["Set-Cookie"])[0] == 200
    assert answer(port, Host="127.0.0.1:18090", Cookie=cookie)[0] == 403
    assert answer(port, f"/?token={command.token}", Host="localhost:a=b; c")[0] == 303


def test_a_strangers_host_is_refused(watching):
    command, port, _ = watching
    hosts = {"localhost": 200, f"127.0.0.1:{port}": 200, "evil.example": 400}
    hosts |= {
        "printer.local": 400,
        "localhost.evil.example": 400,
        "my.localhost": 400,
        "127.0.0.2": 400,
    }
    cookies = "; ".join(f"watch-{number}={command.token}" for number in (port, 80))
    for host, status in hosts.items():
        assert answer(port, Host=host, Cookie=cookies)[0] == status, host
    assert answer(port, "/news", Host="evil.example", Cookie=cookies)[0] == 400


def connections(command, port, state):
    """Return the addresses of `port` that the command has connections of this state at."""
    mine = psutil.Process(command.number).net_connections()
    return [one.laddr.ip for one in mine if (one.laddr.port, one.status) == (port, state)]


def test_nobody_beyond_this_machine_is_listened_to(watching):
    command, port, _ = watching
    assert connections(command, port, psutil.CONN_LISTEN) == ["127.0.0.1"]


def test_a_reader_follows_a_file_that_comes_grows_is_replaced_written_anew_and_goes(watching):
    _, _, path = watching
    reader = Reader(watching)
    assert "no such run yet" in reader.follow()["fault"]
    with open(path, "w", encoding="utf-8") as file:
        file.write(LINES[0] + "\n" + LINES[1][:20])  # half a line is none
        file.flush()
        reader.wait_for("the first line", lambda news: reader.text == LINES[0] + "\n")
        file.write(LINES[1][20:] + "\n")
        file.flush()
        reader.wait_for("the second", lambda news: reader.text == f"{LINES[0]}\n{LINES[1]}\n")
    assert reader.ask(f"/lines/0?generation={reader.generation}&start={10**30}") == ""
    first = reader.generation
    with open(path, "r+", encoding="utf-8") as file:  # the same file, longer, with other lines
        file.write(f"{LINES[1]}\n" * 9)
    reader.wait_for("the file written anew", lambda news: reader.text == f"{LINES[1]}\n" * 9)
    second = reader.generation
    new = path.with_name("new")
    new.write_text(f"{LINES[1]}\n" * 12, encoding="utf-8")
    new.replace(path)
    reader.wait_for("another file", lambda news: reader.text == f"{LINES[1]}\n" * 12)
    assert len({first, second, reader.generation}) == 3
    path.unlink()
    path.parent.rmdir()
    assert "it is gone" in reader.wait_for("its end", lambda news: not news["generation"])["fault"]


def test_a_restarted_command_goes_on_where_a_page_is(watching, start_warm, tmp_path):
    command, port, path = watching
    path.write_text(f"{LINES[0]}\n", encoding="utf-8")
    reader = Reader(watching)
    reader.wait_for("the line", lambda news: reader.text)
    before = reader.generation
    command.send(signal.SIGTERM)
    command.wait()
    again = start_warm(["-m", "beyond.watch", "results/run", "--port", port], tmp_path)
    reader.token, reader.version = again.wait_for(r"token=(\S+)")[1], ""
    assert reader.follow()["generation"] == before


def test_what_is_no_file_of_the_run_is_not_read(watching, tmp_path):
    _, _, path = watching
    reader = Reader(watching)
    secret = tmp_path / "secret"
    secret.write_text("a secret\n", encoding="utf-8")
    path.symlink_to(secret)
    led_out = reader.wait_for("the link", lambda news: "leads out" in news["fault"])
    assert (led_out["size"], reader.text) == (0, "")
    path.unlink()
    os.mkfifo(path)
    reader.wait_for("the FIFO", lambda news: "not a regular file" in news["fault"])
    path.unlink()
    inside = path.with_name("inside.jsonl")
    inside.write_text(f"{LINES[0]}\n", encoding="utf-8")
    path.symlink_to(inside)
    os.mkfifo(path.with_name(".lock"))
    reader.wait_for("a link within the run", lambda news: reader.text == f"{LINES[0]}\n")


HISTORY = "round,loss,accuracy,seconds,clients,failures,bytes_sent,bytes_received\n0,nan,0.5,inf,0,0,0,0\n"
SETTINGS = '{"settings": {"learning_rate": 0.25, "seed": NaN, "strategy": ["x"], "partitions": []}}'


def test_numbers_that_are_none_are_null_and_settings_that_are_none_are_left_out(watching):
    _, port, path = watching
    reader = Reader(watching)
    path.with_name("history.csv").write_text(HISTORY, encoding="utf-8")
    path.with_name("run.json").write_text(SETTINGS, encoding="utf-8")
    about = json.loads(reader.ask("/about/0"))
    [row] = about["history"]
    assert (row["loss"], row["accuracy"], row["seconds"]) == (None, 0.5, None)
    assert (about["settings"], about["digits"]) == ({"learning_rate": 0.25}, None)
    path.with_name("run.json").write_text("[" * 200_000, encoding="utf-8")
    assert json.loads(reader.ask("/about/0"))["settings"] == {}


def not_of_the_run(tmp_path, content):
    """Yield (name, function that puts it at a path) of what may stand in a file's place."""
    outside = tmp_path / "outside"
    outside.write_text(content, encoding="utf-8")
    yield "a link", lambda path: path.symlink_to(outside)
    yield "a FIFO", os.mkfifo
    yield "a circle", lambda path: path.symlink_to(path)
    yield "a device", lambda path: path.symlink_to("/dev/zero")


def test_no_file_that_is_shown_is_one_of_others_and_none_keeps_anyone_waiting(watching, tmp_path):
    command, _, path = watching
    reader = Reader(watching)
    kinds = {"run.json": SETTINGS, "history.csv": HISTORY.replace("nan", "1").replace("inf", "1")}
    for name, content in kinds.items():
        for _, put in not_of_the_run(tmp_path, content):
            put(path.with_name(name))
            about = json.loads(reader.ask("/about/0"))
            assert (about["settings"], about["history"]) == ({}, [])
            path.with_name(name).unlink()
        path.with_name(name).write_text(content, encoding="utf-8")
        about = json.loads(reader.ask("/about/0"))
        assert about["settings"] or about["history"]
        path.with_name(name).unlink()
    path.write_bytes(b"1234")
    assert read_inside(path.parent, path.name, 4) == b"1234"
    with pytest.raises(OSError, match="it is larger than"):
        read_inside(path.parent, path.name, 3)
    command.send(signal.SIGINT)
    assert command.wait(8) == 130


def test_an_export_takes_no_file_of_others(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for name, put in not_of_the_run(tmp_path, "a secret\n"):
        put(run / "events.jsonl")
        with pytest.raises(UserError, match=r"cannot export .*events.jsonl: "):
            export([run], tmp_path / "x.html")
        assert not (tmp_path / "x.html").exists(), name
        (run / "events.jsonl").unlink()


def test_a_server_that_has_told_nothing_since_it_holds_the_lock_starts(watching):
    _, _, path = watching
    reader = Reader(watching)
    path.write_text(f"{LINES[0]}\n", encoding="utf-8")
    reader.wait_for("the line", lambda news: reader.text)
    for _ in range(2):  # the second finds a lock that a killed server has left
        with locked_run(path.parent):
            assert reader.wait_for("a server", lambda news: news["alive"])["starts"]
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{LINES[1]}\n")
            reader.wait_for("its words", lambda news: news["alive"] and not news["starts"])
        assert not reader.wait_for("its end", lambda news: news["alive"] is False)["starts"]
        path.with_name(".lock").touch()


def test_whether_a_server_holds_the_run_is_known_at_once_and_looking_disturbs_none(watching):
    _, _, path = watching
    reader = Reader(watching)
    path.write_text(f"{LINES[0]}\n", encoding="utf-8")
    code = "import signal, sys\nfrom support.run_settings import locked_run\n"
    code += "with locked_run(sys.argv[1]):\n    print('mine', flush=True)\n    signal.pause()\n"
    words = [sys.executable, "-c", code, str(path.parent)]
    assert not reader.wait_for("a look", lambda news: news["size"])["alive"]
    for _ in range(3):  # while it is looked at five times a second
        server = subprocess.Popen(
            words, env=environment(), stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        with server:
            assert server.stdout.readline() == "mine\n"
            reader.wait_for("a living server", lambda news: news["alive"])
            server.kill()
        reader.wait_for("its end", lambda news: news["alive"] is False)
    with (
        open(path.with_name(".lock"), "w", encoding="utf-8") as file,
        locked_run_for_a_moment(file),
    ):
        started = subprocess.run(
            words, env=environment(), capture_output=True, text=True, encoding="utf-8"
        )
    assert "another server is writing" in started.stderr


@contextmanager
def locked_run_for_a_moment(file):
    """Hold the lock in another way than the product does."""
    fcntl.flock(file, fcntl.LOCK_EX)
    yield
    fcntl.flock(file, fcntl.LOCK_UN)


def test_ten_browsers_see_the_same_and_none_that_goes_leaves_anything(watching):
    command, port, path = watching
    path.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8")
    for _ in range(10):
        reader = Reader(watching)
        reader.wait_for("both lines", lambda news, reader=reader: reader.text.count("\n") == 2)
    command.wait_until(
        lambda: not connections(command, port, psutil.CONN_ESTABLISHED), "all questions have ended"
    )


def test_ctrl_c_ends_it_although_a_page_waits_for_news(watching):
    command, port, path = watching
    path.write_text(LINES[0] + "\n", encoding="utf-8")
    reader = Reader(watching)
    reader.follow()
    waiting = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    cookie = {"Cookie": f"watch-{port}={command.token}"}
    waiting.request("GET", f"/news?known={reader.version}&wait=20", headers=cookie)
    command.send(signal.SIGINT)
    assert command.wait(8) == 130
    waiting.close()
    assert "Traceback" not in command.output


# A browser that runs in the terminal: it shows a page, and stays.
BROWSER = """
import os, re, signal, stat, sys, urllib.request
from pathlib import Path
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
first = Path(urllib.request.url2pathname(sys.argv[1].removeprefix("file://")))
for path in (first, first.parent):
    assert not stat.S_IMODE(os.stat(path).st_mode) & 0o077, path
address = re.search('url=([^"]*)"', first.read_text(encoding="utf-8"))[1]
Path("words").write_text(sys.argv[1], encoding="utf-8")
page = opener.open(address, timeout=30).read()
Path("page.new").write_bytes(page)
Path("page.new").rename("page.html")
signal.pause()
"""


def test_a_browser_in_the_terminal_gets_the_page_and_stops_nobody(stage, tmp_path):
    """Its words, which every account may read, have no token; what has it is gone in the end."""
    (tmp_path / "browser.py").write_text(BROWSER, encoding="utf-8")
    browser = f"{sys.executable} {tmp_path / 'browser.py'} %s"
    words = ["-m", "beyond.watch", "results/run", "--port", 0, "--open"]
    command = stage.start(*words, cwd=tmp_path, BROWSER=browser)
    command.wait_until((tmp_path / "page.html").exists, "the browser has the page")
    assert "<title>Watch the federation</title>" in (tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    port, token = command.wait_for(r"^http://127.0.0.1:(\d+)/\?token=(\S+) shows").groups()
    assert answer(int(port), token=token)[0] == 200  # while the browser is open
    command.send(signal.SIGINT)
    assert command.wait() == 130 and "Traceback" not in command.output
    first = (tmp_path / "words").read_text(encoding="utf-8")
    assert token not in first and not Path(first.removeprefix("file://")).exists()


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
    assert "Address already in use; choose another --port" in line and "attempting" not in line
    assert "do not fit side by side" in refused(stage, tmp_path, "a", "b", "c")
    nothing = refused(stage, tmp_path, "results/x", "--export", "x.html")
    assert "there is no results/x/events.jsonl to export" in nothing
    assert not (tmp_path / "x.html").exists()


def test_what_is_served_is_only_read(watching, tmp_path):
    _, _, path = watching
    path.write_text(LINES[0] + "\n", encoding="utf-8")
    reader = Reader(watching)
    reader.wait_for("the line", lambda news: reader.text)
    assert [entry.name for entry in path.parent.iterdir()] == ["events.jsonl"]
    assert path.read_text(encoding="utf-8") == LINES[0] + "\n"
