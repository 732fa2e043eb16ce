"""A SuperExec does as many tasks at once as it may, and a node that is refused says why."""

import multiprocessing
from argparse import Namespace
from types import SimpleNamespace

from beyond.deployment.node import FAILED, arrival, words_of
from beyond.deployment.superexec import OURS, find_stock
from beyond.deployment.tasks import TaskServer
from tests.support.harness import ROOT, wait_until
from tests.support.ports import idle_address


class Task:
    """A task whose process waits until it may end."""

    def __init__(self, context):
        self.may_end, self.is_finished = context.Event(), False
        self.process = context.Process(target=self.may_end.wait, daemon=True)
        self.process.start()

    def finish(self):
        self.is_finished = True


def test_a_superexec_does_so_many_tasks_at_once_and_no_more():
    files = {"root_certificates": None, "superexec_auth_secret_file": None}
    args = Namespace(runtime_api_address=[idle_address()], parallel_clients=2, poll=1, **files)
    server, context = TaskServer(args), multiprocessing.get_context("fork")
    tasks = []
    for number in range(2):
        assert server._has_room(), number
        tasks.append(Task(context))
        server.tasks.append(tasks[-1])
    assert not server._has_room()
    tasks[0].may_end.set()
    wait_until(server._has_room, "the first task has ended")
    assert [task.is_finished for task in tasks] == [True, False] and server.tasks == tasks[1:]
    tasks[1].may_end.set()
    tasks[1].process.join()


def told(tmp_path, log, status=0):
    """Return what `arrival` makes of a SuperNode that has ended with this log."""
    (tmp_path / "node.log").write_text(log)
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
