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
from contextlib import closing
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
    '{"seconds": 0.0, "what": "started", "clients": 2, "rounds": 1}\n',
    '{"seconds": 0.1, "what": "joined", "client": 0, "name": "Client 0", "here": 1, "expected": 2}\n',
]


class Reader:
    """Follows the only run of a watch command as the page does: asks for news, then for lines."""

    def __init__(self, command, port, token):
        self.command, self.port, self.token = command, port, token
        self.version, self.generation, self.position, self.text = "", "", 0, ""

    def answer(self, path="/", method="GET", **headers):
        """Return (status, headers, text) of one request, which has our cookie unless it has another one."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as one:
            one.request(method, path, headers={"Cookie": self.cookie(self.port)} | headers)
            got = one.getresponse()
            return got.status, got.headers, got.read().decode()

    def cookie(self, port):
        """Return a cookie with the token, for the browser's `port`."""
        return f"watch-{port}={self.token}"

    def ask(self, path):
        """Return the answer to a question, as text."""
        status, _, text = self.answer(path)
        assert status == 200, (status, text)
        return text

    def about(self):
        """Return what is known of the run besides its lines."""
        return json.loads(self.ask("/about/0"))

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

    def wait_for_text(self, text):
        """Follow until the file's whole lines are `text`."""
        self.wait_for(text, lambda _: self.text == text)


@pytest.fixture
def watch(start_warm, tmp_path):
    """watch(port) starts the command for a run that is not there yet, and returns a Reader."""

    def start(port):
        command = start_warm(["-m", "beyond.watch", "results/run", "--port", port], tmp_path)
        address = rf"^http://127.0.0.1:{port}/\?token=(\S+) shows results/run/"
        return Reader(command, port, command.wait_for(address)[1])

    return start


@pytest.fixture
def reader(watch, path):
    """Who follows the run."""
    return watch(int(free_address().rpartition(":")[2]))


@pytest.fixture
def path(tmp_path):
    """Where the run's events.jsonl is to come."""
    (tmp_path / "results/run").mkdir(parents=True)
    return tmp_path / "results/run/events.jsonl"


def test_the_page_and_its_files_are_served_and_need_nobody_else(reader):
    status, headers, page = reader.answer()
    assert status == 200 and "default-src 'self'" in headers["Content-Security-Policy"]
    everything = page
    for path in re.findall(r'(?:src|href)="([^"#][^":]*)"', page):
        everything += reader.ask(f"/{path}")
    modules = set(re.findall(r'from "\./([\w.]+)"', everything))
    while modules:
        status, headers, text = reader.answer(f"/{modules.pop()}")
        assert status == 200 and headers["Content-Type"].startswith("text/javascript")
        modules |= set(re.findall(r'from "\./([\w.]+)"', text)) - set(modules)
        everything += text.partition("*/")[2] if "uPlot" in text[:20] else text
    addresses = set(re.findall(r"https?://[^\s\"')]+", everything))
    assert addresses <= {"http://www.w3.org/2000/svg", "https://github.com/leeoniya/uPlot"}


WANTED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ABSENT = ["/run.json", "/../../etc/passwd", "/..%2f..%2f__main__.js", "/glyphs.js", "/docs"]
ABSENT += ["/openapi.json", "/lines/1?generation=x&start=0", "/about/9", "/about/-1", "/lines/0"]
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
UPGRADE |= {"Sec-WebSocket-Key": "x" * 22, "Cookie": ""}
REQUESTS = [
    *((404, "GET", path) for path in ABSENT),
    *((404, "POST", path) for path in ("/", "/news")),
    (404, "DELETE", "/style.css"),
    (400, "NO METHOD", "/"),
    *((200, "HEAD", path) for path in ("/", "/style.css", "/news?wait=0", "/about/0")),
]


def assert_guarded(headers):
    """Check that an answer has the headers that every answer is to have."""
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert {name: headers[name] for name in WANTED_HEADERS} == WANTED_HEADERS


def test_anything_else_gets_404_head_is_answered_and_every_answer_is_guarded(reader):
    for wanted, method, path in REQUESTS:
        status, headers, text = reader.answer(path, method)
        assert status == wanted, (method, path)
        assert method != "HEAD" or not text
        assert_guarded(headers)
    status, headers, _ = reader.answer("/news?wait=0", **UPGRADE)
    assert status == 403
    assert_guarded(headers)


def test_who_has_no_token_sees_nothing_and_is_told_where_the_address_is(reader):
    """Every account of this machine may connect; only who has started the command has read the address."""
    for path in ("/", "/style.css", "/news", "/about/0", "/lines/0?generation=&start=0"):
        for more in ("", "?token=wrong"):
            status, headers, text = reader.answer(path + more, Cookie="")
            assert status == 403 and "python -m beyond.watch has printed" in text
            assert "set-cookie" not in headers
            assert_guarded(headers)
    ours = f"/?token={reader.token}"
    status, headers, _ = reader.answer(ours, Cookie="")
    assert (status, headers["Location"]) == (303, "/")
    assert "HttpOnly" in headers["Set-Cookie"] and "SameSite=lax" in headers["Set-Cookie"]
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert reader.answer(Cookie=cookie)[0] == 200
    assert reader.answer(Cookie=cookie.replace(str(reader.port), "1"))[0] == 403  # another page's
    for path in (ours, "/?token=an-earlier-one"):  # none stays in the address
        status, headers, _ = reader.answer(path, Cookie=cookie)
        assert (status, headers["Location"]) == (303, "/")
        assert_guarded(headers)
    # Through ssh -L, pages of two machines have one cookie each.
    there = "127.0.0.1:18090"
    _, headers, _ = reader.answer(ours, Cookie="", Host=there)
    assert headers["Set-Cookie"].startswith("watch-18090=")
    assert reader.answer(Host=there, Cookie=headers["Set-Cookie"])[0] == 200
    assert reader.answer(Host=there, Cookie=cookie)[0] == 403
    assert reader.answer(ours, Cookie="", Host="localhost:a=b; c")[0] == 303


def test_a_strangers_host_is_refused(reader):
    cookies = "; ".join(map(reader.cookie, (reader.port, 80)))
    strangers = ["evil.example", "printer.local", "localhost.evil.example", "my.localhost"]
    hosts = {"localhost": 200, f"127.0.0.1:{reader.port}": 200}
    hosts |= dict.fromkeys([*strangers, "127.0.0.2"], 400)
    assert {host: reader.answer(Host=host, Cookie=cookies)[0] for host in hosts} == hosts
    assert reader.answer("/news", Host="evil.example", Cookie=cookies)[0] == 400


def connections(reader, state):
    """Return the addresses at which the command has connections of this state."""
    mine = psutil.Process(reader.command.number).net_connections()
    return [one.laddr.ip for one in mine if (one.laddr.port, one.status) == (reader.port, state)]


def test_nobody_beyond_this_machine_is_listened_to(reader):
    assert connections(reader, psutil.CONN_LISTEN) == ["127.0.0.1"]


def test_a_reader_follows_a_file_that_comes_grows_is_replaced_written_anew_and_goes(reader, path):
    first, second = LINES
    assert "no such run yet" in reader.follow()["fault"]
    with open(path, "w", encoding="utf-8") as file:
        file.write(first + second[:20])  # half a line is none
        file.flush()
        reader.wait_for_text(first)
        file.write(second[20:])
        file.flush()
        reader.wait_for_text(first + second)
    assert reader.ask(f"/lines/0?generation={reader.generation}&start={10**30}") == ""
    generations = {reader.generation}
    with open(path, "r+", encoding="utf-8") as file:  # the same file, longer, with other lines
        file.write(first * 9)
    reader.wait_for_text(first * 9)
    generations.add(reader.generation)
    new = path.with_name("new")
    new.write_text(second * 12, encoding="utf-8")
    new.replace(path)
    reader.wait_for_text(second * 12)
    assert len({*generations, reader.generation}) == 3
    path.unlink()
    path.parent.rmdir()
    assert "it is gone" in reader.wait_for("its end", lambda news: not news["generation"])["fault"]


def test_a_restarted_command_goes_on_where_a_page_is_and_nothing_is_written(reader, watch, path):
    path.write_text(LINES[0], encoding="utf-8")
    reader.wait_for_text(LINES[0])
    reader.command.send(signal.SIGTERM)
    reader.command.wait()
    assert watch(reader.port).follow()["generation"] == reader.generation
    assert [(entry, entry.read_text(encoding="utf-8")) for entry in path.parent.iterdir()] == [
        (path, LINES[0])
    ]


def test_what_is_no_file_of_the_run_is_not_read(reader, path, tmp_path):
    (tmp_path / "secret").write_text("a secret\n", encoding="utf-8")
    path.symlink_to(tmp_path / "secret")
    led_out = reader.wait_for("the link", lambda news: "leads out" in news["fault"])
    assert (led_out["size"], reader.text) == (0, "")
    path.unlink()
    os.mkfifo(path)
    reader.wait_for("the FIFO", lambda news: "not a regular file" in news["fault"])
    path.unlink()
    inside = path.with_name("inside.jsonl")
    inside.write_text(LINES[0], encoding="utf-8")
    path.symlink_to(inside)
    os.mkfifo(path.with_name(".lock"))
    reader.wait_for_text(LINES[0])  # of a link within the run


HISTORY = "round,loss,accuracy,seconds,clients,failures,bytes_sent,bytes_received\n0,nan,0.5,inf,0,0,0,0\n"
SETTINGS = '{"settings": {"learning_rate": 0.25, "seed": NaN, "strategy": ["x"], "partitions": []}}'


def test_numbers_that_are_none_are_null_and_settings_that_are_none_are_left_out(reader, path):
    path.with_name("history.csv").write_text(HISTORY, encoding="utf-8")
    path.with_name("run.json").write_text(SETTINGS, encoding="utf-8")
    about = reader.about()
    [row] = about["history"]
    assert (row["loss"], row["accuracy"], row["seconds"]) == (None, 0.5, None)
    assert (about["settings"], about["digits"]) == ({"learning_rate": 0.25}, None)
    path.with_name("run.json").write_text("[" * 200_000, encoding="utf-8")
    assert reader.about()["settings"] == {}


def not_of_the_run(tmp_path, content):
    """Yield functions, each of which puts something else in the place of a file."""
    outside = tmp_path / "outside"
    outside.write_text(content, encoding="utf-8")
    yield os.mkfifo
    yield lambda path: path.symlink_to(outside)
    yield lambda path: path.symlink_to(path)
    yield lambda path: path.symlink_to("/dev/zero")


def test_no_file_that_is_shown_is_one_of_others_and_none_keeps_anyone_waiting(
    reader, path, tmp_path
):
    kinds = {"run.json": SETTINGS, "history.csv": HISTORY.replace("nan", "1").replace("inf", "1")}
    for name, content in kinds.items():
        file = path.with_name(name)
        for put in not_of_the_run(tmp_path, content):
            put(file)
            about = reader.about()
            assert (about["settings"], about["history"]) == ({}, [])
            file.unlink()
        file.write_text(content, encoding="utf-8")
        assert reader.about()["settings"] or reader.about()["history"]
        file.unlink()
    path.write_bytes(b"1234")
    assert read_inside(path.parent, path.name, 4) == b"1234"
    with pytest.raises(OSError, match="it is larger than"):
        read_inside(path.parent, path.name, 3)
    reader.command.send(signal.SIGINT)
    assert reader.command.wait(8) == 130


def test_an_export_takes_no_file_of_others(path, tmp_path):
    for put in not_of_the_run(tmp_path, "a secret\n"):
        put(path)
        with pytest.raises(UserError, match=r"cannot export .*events.jsonl: "):
            export([path.parent], tmp_path / "x.html")
        assert not (tmp_path / "x.html").exists()
        path.unlink()


def test_a_server_that_has_told_nothing_since_it_holds_the_lock_starts(reader, path):
    path.write_text(LINES[0], encoding="utf-8")
    reader.wait_for_text(LINES[0])
    for _ in range(2):  # the second finds a lock that a killed server has left
        with locked_run(path.parent):
            assert reader.wait_for("a server", lambda news: news["alive"])["starts"]
            with open(path, "a", encoding="utf-8") as file:
                file.write(LINES[1])
            reader.wait_for("its words", lambda news: news["alive"] and not news["starts"])
        assert not reader.wait_for("its end", lambda news: news["alive"] is False)["starts"]
        path.with_name(".lock").touch()


# A server that takes the lock, and is there until it is killed.
SERVER = """
import signal, sys
from support.run_settings import locked_run
with locked_run(sys.argv[1]):
    print("mine", flush=True)
    signal.pause()
"""


def test_whether_a_server_holds_the_run_is_known_at_once_and_looking_disturbs_none(reader, path):
    path.write_text(LINES[0], encoding="utf-8")
    assert not reader.wait_for("a look", lambda news: news["size"])["alive"]

    def start():
        words = [sys.executable, "-c", SERVER, str(path.parent)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(words, env=environment(), encoding="utf-8", **pipes)

    for _ in range(3):  # while it is looked at five times a second
        with start() as server:
            assert server.stdout.readline() == "mine\n"
            reader.wait_for("a living server", lambda news: news["alive"])
            server.kill()
        reader.wait_for("its end", lambda news: news["alive"] is False)
    with open(path.with_name(".lock"), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # in another way than the product does
        assert "another server is writing" in start().communicate()[1]


def test_ten_browsers_see_the_same_and_none_that_goes_leaves_anything(reader, path):
    path.write_text("".join(LINES), encoding="utf-8")
    for _ in range(10):
        Reader(reader.command, reader.port, reader.token).wait_for_text("".join(LINES))
    reader.command.wait_until(
        lambda: not connections(reader, psutil.CONN_ESTABLISHED), "all questions have ended"
    )


def test_ctrl_c_ends_it_although_a_page_waits_for_news(reader, path):
    path.write_text(LINES[0], encoding="utf-8")
    reader.follow()
    with closing(http.client.HTTPConnection("127.0.0.1", reader.port, timeout=PATIENCE)) as waiting:
        cookie = {"Cookie": reader.cookie(reader.port)}
        waiting.request("GET", f"/news?known={reader.version}&wait=20", headers=cookie)
        reader.command.send(signal.SIGINT)
        assert reader.command.wait(8) == 130
    assert "Traceback" not in reader.command.output


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
    page = tmp_path / "page.html"
    command.wait_until(page.exists, "the browser has the page")
    assert "<title>Watch the federation</title>" in page.read_text(encoding="utf-8")
    port, token = command.wait_for(r"^http://127.0.0.1:(\d+)/\?token=(\S+) shows").groups()
    assert Reader(command, int(port), token).answer()[0] == 200  # while the browser is open
    command.send(signal.SIGINT)
    assert command.wait() == 130 and "Traceback" not in command.output
    first = (tmp_path / "words").read_text(encoding="utf-8")
    assert token not in first and not Path(first.removeprefix("file://")).exists()


def test_mistakes_get_one_line(stage, tmp_path):
    (tmp_path / "events.jsonl").touch()
    nothing = "there is no results/x/events.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for words, mistake in {
            (tmp_path / "events.jsonl", "--no-wait"): "events.jsonl is empty",
            ("results/x", "--no-wait"): nothing,
            ("results/x", "--export", "x.html"): f"{nothing} to export",
            ("--port", "many"): "--port",
            ("--port", taken.getsockname()[1]): "Address already in use; choose another --port",
            ("a", "b", "c"): "do not fit side by side",
        }.items():
            finished = stage.run("-m", "beyond.watch", *words, cwd=tmp_path)
            line = complaint(finished, "beyond.watch")
            assert mistake in line and "attempting" not in line
    assert not (tmp_path / "x.html").exists()
