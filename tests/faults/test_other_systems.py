"""What Windows and macOS do in another way, as far as Linux can show it; PLATFORMS.md says what ran where."""

import ast
import importlib
import os
import signal
import subprocess
import sys
from itertools import repeat
from unittest.mock import Mock

import pytest

from beyond.simulation import watchdog
from beyond.watch.__main__ import listener
from support import files, machine, processes
from support.command_line import UserError
from support.files import replaced_directory, replaced_file
from support.machine import make_room
from support.processes import ending, last_words, start_methods
from tests.support.harness import PATIENCE, ROOT, environment, processes_in, wait_until
from tests.support.ports import free_address
from tests.support.small import write_partitions

# Python's raw stream of a Windows console writes to nothing but a console, whatever its number leads to.
PRINTS_IN_A_CONSOLE = """
import io, os, sys

class Console(io.RawIOBase):
    def __init__(self, number): self.number = number
    def writable(self): return True
    def fileno(self): return self.number
    def write(self, content):
        if not os.isatty(self.number): raise OSError(6, "The handle is invalid")
        return os.write(self.number, content)

for name, number in (("stdout", 1), ("stderr", 2)):
    setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(Console(number)), "utf-8", write_through=True))
print("in the console", flush=True)
from support.terminal import print_into
print_into("log")
print("größer")
print("as well", file=sys.stderr)
"""


def test_what_a_process_prints_goes_to_its_log_also_in_a_console_of_windows(tmp_path):
    ours, console = os.openpty()
    words = [sys.executable, "-c", PRINTS_IN_A_CONSOLE]
    options = {"cwd": tmp_path, "env": environment(), "stdout": console, "stderr": console}
    subprocess.run(words, check=True, timeout=PATIENCE, **options)
    assert os.read(ours, 1000) == b"in the console\r\n"
    os.close(console)
    os.close(ours)
    assert (tmp_path / "log").read_bytes() == "größer\nas well\n".encode()
    assert last_words(tmp_path / "log") == "as well"


@pytest.mark.parametrize(
    ("platform", "there", "expected"),
    [
        ("linux", ["fork", "spawn", "forkserver"], ["forkserver", "spawn"]),
        ("darwin", ["spawn", "fork", "forkserver"], ["spawn", "forkserver"]),
        ("win32", ["spawn"], ["spawn"]),
    ],
)
def test_processes_are_started_as_the_system_bears_it(monkeypatch, platform, there, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: there)
    monkeypatch.setattr("multiprocessing.forkserver.ensure_running", lambda: None)
    assert start_methods() == expected
    assert processes.process_context().get_start_method() == expected[0]


def test_windows_waits_for_62_clients_before_python_3_13_and_for_more_since(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(machine, "resource", None)
    monkeypatch.setattr(sys, "version_info", (3, 12, 9))
    make_room(62)
    with pytest.raises(UserError, match="need Python 3.13 or newer on Windows.*--clients 62"):
        make_room(63)
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    make_room(1000)


def test_spawned_processes_train_where_the_locale_is_c_and_names_are_not_ascii(
    tmp_path, mnist, start
):
    """One process that imports, and forks others, is what every other test of federation.py has."""
    write_partitions(tmp_path, mnist, sizes=[60], test_size=20)
    run = "results/größer"
    words = ["--clients", 1, "--rounds", 1, "--address", free_address(), "--run", run]
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = start([ROOT / "federation.py", "--start", "spawn", *words], tmp_path, **plain)
    command.finish()
    log = (tmp_path / run / "logs/client_0.log").read_text(encoding="utf-8")
    assert "Round 1: trained on 60 images" in log
    wait_until(lambda: not processes_in(tmp_path), "nothing runs any more")


@pytest.fixture
def open_elsewhere(monkeypatch):
    """open_elsewhere(times) refuses as many moves, as Windows does while a file is open."""
    move = os.replace

    def refuse(times):
        refusals = repeat(PermissionError(13, "The process cannot access the file"), times)

        def refused(source, target):
            for refusal in refusals:
                raise refusal
            move(source, target)

        monkeypatch.setattr(os, "replace", refused)

    return refuse


def test_a_file_that_is_open_for_a_moment_is_replaced_after_it(
    tmp_path, open_elsewhere, monkeypatch
):
    monkeypatch.setattr(files, "BUSY", PATIENCE)  # for a machine that does much else
    (tmp_path / "state.zip").write_bytes(b"old")
    open_elsewhere(3)
    with replaced_file(tmp_path / "state.zip") as file:
        file.write(b"new")
    assert (tmp_path / "state.zip").read_bytes() == b"new"
    (tmp_path / "partitions").mkdir()
    open_elsewhere(3)
    with replaced_directory(tmp_path / "partitions", str.istitle) as new:
        (new / "test.npz").write_bytes(b"new")
    assert (tmp_path / "partitions/test.npz").read_bytes() == b"new"


def test_a_file_that_stays_open_is_not_waited_for_without_end(
    tmp_path, open_elsewhere, monkeypatch
):
    monkeypatch.setattr(files, "BUSY", 0.2)
    (tmp_path / "state.zip").write_bytes(b"old")
    open_elsewhere(10**6)
    with pytest.raises(PermissionError), replaced_file(tmp_path / "state.zip") as file:
        file.write(b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_system_without_sigkill_has_words_for_an_end_and_an_end_for_what_flower_has_started(
    monkeypatch,
):
    monkeypatch.delattr(signal, "SIGKILL")
    assert ending(-signal.SIGTERM) == "was ended by SIGTERM"
    assert ending(3) == "ended with status 3"
    try:
        assert importlib.reload(watchdog).KILL == signal.SIGTERM
    finally:
        monkeypatch.undo()
        importlib.reload(watchdog)


def test_of_a_port_that_is_taken_we_say_what_windows_says(monkeypatch):
    """Its numbers of errors are none of C's."""
    said = "Only one usage of each socket address is normally permitted"
    refusal = OSError(10048, f"{said} (while attempting to bind on address ('127.0.0.1', 8090))")
    monkeypatch.setattr("socket.create_server", Mock(side_effect=refusal))
    with pytest.raises(UserError, match="8090: Only one usage .* permitted; choose another --port"):
        listener(8090)


# What Python lacks on Windows, and we might lean on without a thought.
NOT_ON_WINDOWS = {
    "os": """O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK WNOHANG chown chroot confstr
        ctermid fchdir fchown fork forkpty geteuid getegid getgid getloadavg getpgid
        getpgrp getsid getuid initgroups killpg lchown mkfifo mknod nice openpty pathconf
        pread pwrite register_at_fork sched_getaffinity sched_setaffinity setpgid setpgrp
        setsid statvfs sync sysconf tcgetpgrp ttyname uname wait wait3 wait4 waitid""",
    "signal": """ITIMER_REAL SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP
        SIGTSTP SIGTTIN SIGTTOU SIGUSR1 SIGUSR2 SIGWINCH SIG_BLOCK SIG_SETMASK SIG_UNBLOCK
        alarm pause pthread_kill pthread_sigmask setitimer sigwait""",
    "socket": "AF_UNIX SO_REUSEPORT TCP_INFO",
    "time": "clock_gettime tzset",
}
MISSING = {
    "curses",
    "fcntl",
    "grp",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "termios",
    "tty",
}
MISSING |= {
    f"{module}.{name}" for module, names in NOT_ON_WINDOWS.items() for name in names.split()
}
# Where that is used all the same, and why it does no harm.
USED = {
    "beyond/deployment/proxy.py": "looks whether it is there",
    "beyond/practice/runner.py": "passes over what is missing",
    "beyond/watch/run_files.py": "goes without",
    "beyond/wire/relay.py": "passes over what is missing",
    "support/files.py": "looks whether it is there",
    "support/machine.py": "looks whether it is there, or goes without",
    "support/processes.py": "looks whether it is there",
    "support/signals.py": "looks whether it is there",
}


def our_programs():
    """Yield (name, syntax tree) of every file that readers run."""
    for folder in ("*.py", "support/*.py", "beyond/**/*.py", "benchmarks/*.py"):
        for path in ROOT.glob(folder):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_bytes())


def test_a_temporary_directory_may_stay_where_another_process_still_has_a_file_of_it():
    """On Windows a process that was killed has its files open, and its directory, for another moment."""
    for name, tree in our_programs():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and "TemporaryDirectory" in ast.unparse(node.func):
                given = {keyword.arg for keyword in node.keywords}
                assert "ignore_cleanup_errors" in given, f"{name}, line {node.lineno}"


def names_missing_on_windows(tree):
    """Return the names in the syntax tree of a file that stand for something Windows lacks."""
    used = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                used.add(f"{module}.{name}")
            case ast.ImportFrom(module=module, names=names):
                used |= {module, *(f"{module}.{alias.name}" for alias in names)}
            case ast.Import(names=names):
                used |= {alias.name for alias in names}
    return used & MISSING


def test_what_windows_lacks_is_used_where_we_know_of_it_and_nowhere_else():
    found = {
        name: names for name, tree in our_programs() if (names := names_missing_on_windows(tree))
    }
    assert found.keys() == USED.keys(), found
