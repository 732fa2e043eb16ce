"""OPERATE.md: every command on it was typed as printed, and the walk has shown what the page claims."""

import re

import pytest

from pages.operate.facts import PAGE, WALK, struck
from pages.operate.machines import can_boot
from pages.operate.recordings import walk
from pages.terminals import working_copy
from tests.support.harness import ROOT
from tests.support.pages import targets_of

BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REFUSED = "code: 2004"  # how SuperLink answers a key that it does not know, or not any more
NUMBER = r"\b\d{15,20}\b"  # what SuperLink calls a node or a run


def output_of(kept, step, text):
    """Return what the lines of a recorded step showed whose command has `text` in it."""
    return "\n".join(one["output"] for one in kept[step] if text in one.get("text", ""))


def words(line):
    """Return what a line says, without the frame of a table."""
    return tuple(line.replace("│", " ").split())


def without_numbers(text):
    """Return a line with the same word for every node and run."""
    return re.sub(rf"<[^>]*node\d>|<run>|{NUMBER}", "NUMBER", text)


def assert_walked(kept):
    """Check what a walk has shown: each step as the page tells it."""
    listed = output_of(kept, "history", "supernode list")
    (revoked,) = re.findall(NUMBER, output_of(kept, "revoke", "unregister"))[:1]
    (retired,) = re.findall(NUMBER, output_of(kept, "rotate", "unregister"))[:1]
    assert revoked not in listed and retired not in listed and listed.count("online") == 2
    assert REFUSED in output_of(kept, "revoke", "journalctl")
    assert int(output_of(kept, "opponent", "journalctl")) >= 3
    assert output_of(kept, "opponent", "register").count("Public key already in use") == 2
    assert "ok" in output_of(kept, "backup", "integrity_check")
    restored = output_of(kept, "restore", "supernode list")
    assert re.search(rf"{revoked}.*online", restored)
    assert "failed" in output_of(kept, "restore", "flwr list")
    assert re.search("NRestarts=[1-9]", output_of(kept, "killed", "show"))
    rounds = [int(one["output"].split(",")[0]) for one in kept["resume"][1:]]
    before = [int(row.split(",")[0]) for row in kept["history"][0]["output"].splitlines()[1:]]
    assert rounds[0] >= before[-1] and rounds == sorted(set(rounds))
    assert before == list(range(len(before)))
    assert "finished:stopped" in output_of(kept, "stop", "flwr list")
    listening = set(re.findall(r"(\S+:\d+) +0\.0\.0\.0", output_of(kept, "ports", "ss")))
    assert listening == {"127.0.0.1:8000", "0.0.0.0:9443", "127.0.0.1:9100"}


def test_a_line_was_typed_as_it_is_declared_and_has_shown_what_it_waited_for():
    for line in (line for lines in WALK.values() for line in lines):
        assert without_numbers(line.get("line", "")) in ("", without_numbers(line.get("text", "")))
        until = line.get("until", "").replace("(?!<node0>)", "")
        until = re.sub(r"<(node\d|run)>", r"\\d+", until)
        assert re.search(until, line.get("output", ""), re.MULTILINE), line


def test_every_line_in_a_block_was_typed_shown_or_brought():
    typed = [one for step in WALK.values() for one in step]
    commands = {f"{one['where']}# {one['text']}" for one in typed if "text" in one}
    brought = {f"bring   {one['bring']} -> {one['to']}" for one in typed if "bring" in one}
    shown = {words(line) for one in typed for line in one.get("output", "").splitlines()}
    lines = "".join(BLOCK.findall(PAGE.path.read_text(encoding="utf-8"))).splitlines()
    assert len(lines) > 60
    known = commands | brought
    assert not [line for line in lines if line not in known and words(line) not in shown]


def test_the_page_is_short():
    assert len(PAGE.path.read_text(encoding="utf-8").split()) <= 1500


@pytest.mark.parametrize("folder", ["", "deployment", "access"])
def test_readers_are_led_there(folder):
    targets = targets_of(ROOT / "beyond" / folder / "README.md")
    assert any(target.endswith("OPERATE.md") for target in targets)


def test_recorded_walk_shows_what_the_page_says():
    assert_walked(WALK)


def test_renewing_costs_no_update_and_revoking_one_at_the_most():
    assert {row["clients"] for row in struck("renew")} == {"3"}
    assert sum(int(row["failures"]) for row in struck("revoke")) <= 1
    assert struck("revoke")[-1]["clients"] == "2"


@pytest.mark.thorough
@pytest.mark.timeout(2400)
@pytest.mark.skipif(not can_boot(), reason="machines cannot be booted here")
def test_walk_on_fresh_machines(tmp_path):
    with working_copy() as lesson:
        assert_walked(walk(lesson, tmp_path / "logs"))
