"""A SuperExec does as many tasks at once as it may, and a node that is refused says why."""

import multiprocessing
import subprocess
import sys
import time
from argparse import Namespace
from types import SimpleNamespace

import httpx
import psutil
import pytest

from beyond.deployment.drill import Drill
from beyond.deployment.node import FAILED, arrival, words_of
from beyond.deployment.services import fresh_logs
from beyond.deployment.superexec import OURS, find_stock, parse
from beyond.deployment.tasks import TaskServer
from beyond.deployment.watched_services import Service
from support.command_line import UserError
from tests.support.harness import ROOT, wait_until
from tests.support.ports import idle_address
from tests.support.small import write_history


@pytest.fixture
def server():
    """A SuperExec that does two tasks at once."""
    words = ["--runtime-api-address", idle_address(), "--parallel-clients", "2", "--insecure"]
    return TaskServer(parse(words))


class Task:
    """A task whose process waits until it may end."""

    def __init__(self, context):
        self.may_end, self.is_finished = context.Event(), False
        self.process = context.Process(target=self.may_end.wait, daemon=True)
        self.process.start()

    def finish(self):
        self.is_finished = True


def test_a_superexec_does_so_many_tasks_at_once_and_no_more(server):
    tasks = []
    for number in range(2):
        assert server._has_room(), number
        tasks.append(Task(multiprocessing.get_context("fork")))
        server.tasks.append(tasks[-1])
    assert not server._has_room()
    tasks[0].may_end.set()
    wait_until(server._has_room, "the first task has ended")
    assert [task.is_finished for task in tasks] == [True, False] and server.tasks == tasks[1:]
    tasks[1].may_end.set()
    tasks[1].process.join()


def test_what_is_wrong_at_an_address_is_told_once_and_a_refusal_ends_it(server, capsys):
    for reason in ("refused", "refused", "reset", "refused"):
        server._note("here", httpx.ConnectError(reason))
    told = capsys.readouterr().out.splitlines()
    assert told == [f"here has no tasks: {reason}" for reason in ("refused", "reset", "refused")]
    for status in (401, 403):
        refusal = httpx.HTTPStatusError("no", request=None, response=httpx.Response(status))
        with pytest.raises(UserError, match="here refuses this SuperExec"):
            server._note("here", refusal)


def told(tmp_path, log, status=0):
    """Return what `arrival` makes of a SuperNode that has ended with this log."""
    (tmp_path / "node.log").write_text(log, encoding="utf-8")
    return arrival(SimpleNamespace(logs=tmp_path), SimpleNamespace(poll=lambda: status), "node")


def test_why_a_node_has_not_come_in_is_the_line_after_flowers(tmp_path):
    refused = f"INFO : Starting\n{FAILED}\n  the key is not known\nERROR : bye\n"
    assert told(tmp_path, refused) == (None, "the key is not known")
    assert told(tmp_path, "INFO : Starting\nERROR : no memory\n") == (None, "ERROR : no memory")
    assert told(tmp_path, "INFO : SuperNode ID: 123 is here\n", None) == ("123", None)


def test_a_supernode_is_told_what_the_node_was_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    common = {"superlink": "h:1", "max_retries": 0, "partition_id": 4}
    words = words_of(Namespace(insecure=False, ca="ca.pem", key="key", **common))
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    assert pairs["--root-certificates"] == tmp_path / "ca.pem"
    assert pairs["--auth-supernode-private-key"] == tmp_path / "key"
    assert (pairs["--superlink"], pairs["--max-retries"]) == ("h:1", 0)
    assert "partition-id=4" in pairs["--node-config"]
    bare = words_of(Namespace(insecure=True, ca=None, key=None, **{**common, "max_retries": None}))
    assert "--insecure" in bare and not {*pairs} & {*bare} - {"--superlink", "--node-config"}


def test_a_task_finds_none_of_this_repositorys_modules_imported():
    top = {path.stem for path in ROOT.glob("*.py")} & {"model", "client", "server"}
    assert {*OURS} == top | {"support", "beyond"}
    assert find_stock()


def started(*words, **more):
    """Return the Service of a process with these words on its command line, which ends with status 3."""
    ends = [sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(3)", *words]
    return Service(psutil.Popen(ends, stdin=subprocess.PIPE, **more))


def test_a_service_is_known_by_its_command_and_only_a_node_may_be_missing():
    superlink = started("flower-superlink", "--host", "x")
    node = started("flower-supernode", "--node-config", "partition-id=12 folder=x")
    assert (superlink.name, superlink.is_needed) == ("SuperLink", True)
    assert (node.name, node.is_needed) == ("SuperNode 12", False)
    for service in (superlink, node):
        assert not service.has_ended() and str(service).endswith("has ended")
        of_another = Service(psutil.Process(service.process.pid))
        service.process.stdin.close()
        wait_until(of_another.has_ended, "it has ended")  # nobody has looked at its status yet
        wait_until(service.has_ended, "it has ended")
        assert str(service) == f"{service.name} ended with status 3"


def test_logs_of_an_earlier_run_go_and_nothing_else(tmp_path):
    (tmp_path / "run/logs").mkdir(parents=True)
    for name in ("node_7.log", "notes.txt"):
        (tmp_path / "run/logs" / name).touch()
    logs = fresh_logs(tmp_path / "run")
    assert [path.name for path in logs.iterdir()] == ["notes.txt"]
    assert fresh_logs(tmp_path / "other").is_dir()


def test_a_drill_waits_for_a_message_of_the_round_under_way_and_tells_each_round_once(
    tmp_path, capsys
):
    drill = Drill.__new__(Drill)  # nothing is started
    drill.args = Namespace(clients=2, run=str(tmp_path / "run"))
    drill.flower, drill.rounds_told, drill.began = SimpleNamespace(logs=tmp_path), 3, 0.0
    sent = "[RUN 1, ROUND {}]\nINFO : Receiving: train message\n"
    (tmp_path / "node_1.log").write_text(sent.format(3) * 2 + sent.format(2), encoding="utf-8")
    drill.wait_for_message(2)
    write_history(tmp_path / "run", [0.1, 0.5, 0.6, 0.7, 0.8])
    drill.tell_rounds(last=4)
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == ["Round 3", "Round 4"]
    assert "accuracy 70.00%" in told[0]
    drill.began, drill.rounds_told = time.time() + 60, 0  # what is there is of an earlier run
    assert drill._news() == []
