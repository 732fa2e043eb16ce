"""The systemd units that a reader copies: systemd accepts them, and they give away as little as they can."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.harness import ROOT

DEPLOY = ROOT / "beyond/access/deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
PROGRAMS = Path(sys.executable).parent
BOUNDS = ["NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes"]
BOUNDS += ["CapabilityBoundingSet=", "Restart=always"]  # a refused SuperNode ends with status 0
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is missing")
@each_unit
def test_systemd_accepts_it_and_finds_it_exposed_little(unit, tmp_path):
    copy = tmp_path / unit.name  # which starts programs that have to be there
    ours = unit.read_text(encoding="utf-8").replace("/opt/flower/venv/bin", str(PROGRAMS))
    copy.write_text(ours, encoding="utf-8")
    for words in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        words = ["systemd-analyze", *words, copy]
        verdict = subprocess.run(words, capture_output=True, encoding="utf-8")
        assert (verdict.returncode, verdict.stderr) == (0, ""), verdict
        assert "security" in words or verdict.stdout == ""


@each_unit
def test_it_has_bounds_and_starts_again_however_it_ends(unit):
    text = unit.read_text(encoding="utf-8")
    assert set(BOUNDS) < set(text.splitlines())
    assert re.search(r"^MemoryMax=\d+G$", text, re.MULTILINE)
    assert 64 <= int(re.search(r"^TasksMax=(\d+)$", text, re.MULTILINE)[1]) <= 512


def test_each_has_a_user_of_its_own():
    texts = [unit.read_text(encoding="utf-8") for unit in UNITS]
    users = {re.search("^User=flower.*$", text, re.MULTILINE)[0] for text in texts}
    assert len(users) == len(UNITS) == 4


@each_unit
def test_its_homes_are_in_its_own_state_directory(unit):
    text = unit.read_text(encoding="utf-8")
    own = "/var/lib/" + re.search(r"^StateDirectory=(\S+)$", text, re.MULTILINE)[1]
    homes = re.search(r"^Environment=FLWR_HOME=(\S+) HOME=(\S+)$", text, re.MULTILINE)
    assert homes.groups() == (f"{own}/home", own)


@pytest.mark.parametrize("name", [*(unit.name for unit in UNITS), "flower.sh"])
def test_flower_is_as_quiet_in_all_of_them_as_the_chapter_says(name):
    page = (ROOT / "pages/deployment/page.md").read_text(encoding="utf-8")
    asked = set(re.search(r"^export (FLWR_.*)$", page, re.MULTILINE)[1].split())
    assert len(asked) == 3
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert asked <= set(text.replace("Environment=", "").split())


@pytest.mark.thorough
@each_unit
def test_every_option_in_it_exists(unit):
    text = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    program, *words = re.search("^ExecStart=(.*)$", text, re.MULTILINE)[1].split()
    start = [PROGRAMS / Path(program).name]
    if program.endswith("python"):
        start += words[:2]  # -m and a module
    told = subprocess.run([*start, "--help"], capture_output=True, cwd=ROOT, encoding="utf-8")
    options = {word for word in words if word.startswith("--")}
    assert options and all(option in told.stdout for option in options)
