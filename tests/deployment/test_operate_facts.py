"""What OPERATE.md says of Flower and of SQLite, tried with a real SuperLink."""

import shutil
import sqlite3
import sys

import pytest

from beyond.deployment.keys import make_key
from beyond.deployment.node import arrival
from beyond.deployment.services import secure_words
from beyond.simulation.private_flower import SUPERLINK, PrivateFlower
from tests.support.certificates import make_certificates
from tests.support.harness import ROOT
from tests.support.ports import free_address

pytestmark = pytest.mark.thorough
WRONG_CLOCK = ROOT / "tests/programs/late_node.py"


@pytest.fixture(scope="module")
def flower(tmp_path_factory):
    """A PrivateFlower with a SuperLink that asks for keys and has a database, and a registered key."""
    folder = tmp_path_factory.mktemp("operate")
    certificates = make_certificates(folder / "certificates")
    with PrivateFlower(folder / "logs") as flower:
        flower.database = folder / "superlink.db"
        words = ("--database", flower.database, *secure_words(certificates))
        flower.root = certificates / "ca.pem"
        flower.address = flower.superlink(*words, root=flower.root)
        flower.key, public = make_key(flower.home / "keys", "node")
        flower.cli("supernode", "register", public, SUPERLINK)
        yield flower


def nodes_in(database):
    """Return how many nodes a database knows; fail if it is damaged."""
    with sqlite3.connect(database) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return connection.execute("select count(*) from node").fetchone()[0]


def test_backup_has_what_a_copy_misses_while_superlink_runs(flower, tmp_path):
    backup, copied = tmp_path / "backup.db", tmp_path / "copied.db"
    with sqlite3.connect(flower.database) as source, sqlite3.connect(backup) as copy:
        source.backup(copy)  # what sqlite3's .backup calls
    assert nodes_in(backup) == 1
    shutil.copy(flower.database, copied)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        nodes_in(copied)


@pytest.mark.parametrize("seconds, comes_in", [(2, True), (8, False), (-250, True), (-320, False)])
def test_a_clock_more_than_five_seconds_ahead_or_minutes_behind_keeps_a_node_out(
    flower, seconds, comes_in
):
    name, port = f"node_{seconds}", free_address().rpartition(":")[2]
    words = ("--superlink", flower.address, "--root-certificates", flower.root, "--port", port)
    own = ("--host", "127.0.0.1", "--auth-supernode-private-key", flower.key, "--max-retries", "2")
    command, home = (sys.executable, WRONG_CLOCK, seconds), str(flower.home / name)
    node = flower.start(*command, *words, *own, log=f"{name}.log", FLWR_HOME=home)
    number, _ = arrival(flower, node, name)
    ended = node.poll()
    flower.stop(node)
    said = (flower.logs / f"{name}.log").read_text(encoding="utf-8")
    assert (number is not None) == comes_in, said
    assert comes_in or (ended == 0 and "terminated gracefully" in said), said  # that is all it says
