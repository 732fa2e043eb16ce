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
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is missing"
)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_it(unit, tmp_path):
    programs = Path(sys.executable).parent  # for those that it starts have to be there
    text = unit.read_text().replace("/opt/flower/venv/bin", str(programs))
    (tmp_path / unit.name).write_text(text)
    verdict = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / unit.name], capture_output=True, text=True
    )
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_is_exposed_little(unit, tmp_path):
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit]
    verdict = subprocess.run(words, capture_output=True, text=True)
    assert verdict.returncode == 0, verdict.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_has_a_user_of_its_own_and_may_gain_nothing(unit):
    lines = unit.read_text().splitlines()
    assert any(line.startswith("User=flower") for line in lines)
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "CapabilityBoundingSet=",
    ):
        assert line in lines


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_has_limits_and_starts_again_however_it_ends(unit):
    text = unit.read_text()
    assert re.search(r"^MemoryMax=\d+G$", text, re.MULTILINE)
    assert 64 <= int(re.search(r"^TasksMax=(\d+)$", text, re.MULTILINE)[1]) <= 512
    assert "\nRestart=always\n" in text  # a SuperNode that is refused ends with status 0


@pytest.mark.parametrize("name", [*(unit.name for unit in UNITS), "flower.sh"])
def test_flower_is_as_quiet_in_all_of_them_as_the_chapter_says(name):
    page = (ROOT / "pages/deployment/page.md").read_text()
    asked = set(re.search(r"^export (FLWR_.*)$", page, re.MULTILINE)[1].split())
    assert len(asked) == 3
    assert asked <= set((DEPLOY / name).read_text().replace("Environment=", "").split())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_its_homes_are_in_its_own_state_directory(unit):
    text = unit.read_text()
    own = "/var/lib/" + re.search(r"^StateDirectory=(\S+)$", text, re.MULTILINE)[1]
    homes = re.search(r"^Environment=FLWR_HOME=(\S+) HOME=(\S+)$", text, re.MULTILINE)
    assert homes.groups() == (f"{own}/home", own)


def test_no_two_units_share_a_user():
    lines = [line for unit in UNITS for line in unit.read_text().splitlines()]
    users = [line for line in lines if line.startswith("User=")]
    assert len(set(users)) == len(users) == len(UNITS) == 4


@pytest.mark.thorough
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_option_in_it_exists(unit):
    text = unit.read_text().replace("\\\n", " ")
    (command,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    program, *words = command.removeprefix("ExecStart=").split()
    start = [Path(sys.executable).parent / Path(program).name]
    if start[0].name == "python":
        start += words[:2]  # -m and a module
    told = subprocess.run([*start, "--help"], capture_output=True, text=True, cwd=ROOT)
    options = {word for word in words if word.startswith("--")}
    assert options
    assert all(option in told.stdout for option in options)
