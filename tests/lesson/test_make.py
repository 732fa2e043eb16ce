"""make does its work whatever a shell has exported, and removes nothing that it has not made."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.specifiers import SpecifierSet

from tests.support.harness import PATIENCE, ROOT, snapshot

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="needs make")

# A Python that makes environments in no time; what is called in them says so in the file `called`.
QUICK = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-c "*) ;;
  *) echo "$0 $*" >> called; env | grep -e "^P" -e "^V" -e "^ARGS" -e "^HOSTS" >> called ;;
esac
"""
WHEEL = {
    "greeting.py": "",
    "greeting-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1\n",
    "greeting-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "greeting-1.dist-info/RECORD": "",
}
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements-beyond.txt")


@pytest.fixture
def copy(tmp_path):
    """A directory with the Makefile, nothing to install, and a Python that is quick."""
    copy = tmp_path / "lesson"
    copy.mkdir()
    shutil.copy(ROOT / "Makefile", copy)
    for name in REQUIREMENTS:
        (copy / name).touch()
    (copy / "quick").write_text(QUICK, encoding="utf-8")
    (copy / "quick").chmod(0o755)
    return copy


@pytest.fixture
def theirs(tmp_path):
    """Somebody's environment for another project."""
    theirs = tmp_path / "theirs"
    (theirs / "bin").mkdir(parents=True)
    (theirs / "bin/python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    return theirs


def make(copy, *words, **exported):
    """Run make there with `exported` in its environment; return the finished process."""
    streams = {"capture_output": True, "text": True}
    environment = {**os.environ, **exported}
    return subprocess.run(["make", *words], cwd=copy, env=environment, timeout=PATIENCE, **streams)


def test_what_a_shell_exports_is_not_ours(copy, theirs):
    before = snapshot(theirs)
    index = {"PIP_EXTRA_INDEX_URL": "https://mirror.invalid", "PIP_CERT": "/ca.pem"}
    exported = {"VENV": str(theirs), "ARGS": "--rounds 99", "HOSTS": "a b", "BIN": str(theirs)}
    exported |= index
    for goal in ("install", "run", "clean"):
        done = make(copy, goal, "PYTHON=./quick", **exported)
        assert done.returncode == 0, done
        assert snapshot(theirs) == before
    called = (copy / "called").read_text(encoding="utf-8")
    assert "--rounds 99" not in called
    assert all(f"{name}={value}\n" in called for name, value in index.items())  # that stays
    assert not (copy / ".venv").exists()
    asked = make(copy, "-n", "run", "certificates", PYTHON="python2.7", **exported)
    assert 'IP:127.0.0.1" |' in asked.stdout  # and no HOSTS
    assert "python2.7" not in asked.stdout and "python3 -m venv .venv" in asked.stdout


# A Python that says it were of another version when make asks it.
OF_VERSION = """#!/bin/sh
case "$1" in
  -c) exec {python} -c 'import sys; sys.version_info = {version}; exec(sys.argv[1])' "$2" ;;
  *) exec ./quick "$@" ;;
esac
"""


@pytest.mark.parametrize(
    "version", ["2.7.18", "3.10.13", "3.11.0", "3.12.1", "3.13.0", "3.14.0", "3.14.1", "3.15.0"]
)
def test_make_takes_the_pythons_that_pyproject_names(copy, version):
    numbers = tuple(map(int, version.split(".")))
    text = OF_VERSION.format(python=sys.executable, version=numbers)
    (copy / "python").write_text(text, encoding="utf-8")
    (copy / "python").chmod(0o755)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = make(copy, "install", "PYTHON=./python")
    is_taken = version in SpecifierSet(project["requires-python"])
    assert (done.returncode == 0) == (copy / ".venv/installed").exists() == is_taken
    assert is_taken or f"is needed, but not 3.14.1, and this is {version}: " in done.stderr


def test_help_names_everything_that_can_be_made(copy):
    lines = make(copy, "help").stdout.splitlines()
    (goals,) = re.findall(r"^\.PHONY: (.*)$", (copy / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert [line.split()[1] for line in lines] == goals.split()
    assert all(re.match(r"make \w+ +[A-Z]", line) and line[20:21].isupper() for line in lines)


@pytest.mark.parametrize("venv", ["", "a b"])
def test_an_environment_that_has_no_one_name_is_refused(copy, venv):
    before = snapshot(copy)
    for goal in ("clean", "install"):
        done = make(copy, goal, f"VENV={venv}")
        assert done.returncode == 2 and "VENV has to be one name" in done.stderr
    assert snapshot(copy) == before


@pytest.mark.parametrize("is_link", [False, True], ids=["a directory", "a link"])
def test_an_environment_that_make_has_not_made_is_neither_filled_nor_removed(copy, theirs, is_link):
    if is_link:
        (copy / ".venv").symlink_to(theirs)
    else:
        shutil.copytree(theirs, copy / ".venv")
    before = snapshot(copy), snapshot(theirs)
    refused = make(copy, "run", "PYTHON=./quick")
    assert refused.returncode == 2
    assert refused.stderr.startswith("make: .venv is there, and make has not made it; move it away")
    assert "make run VENV=../lesson-venv" in refused.stderr
    done = make(copy, "clean")
    stays = "make: .venv stays, because make has not made it\n"
    assert (done.returncode, done.stderr) == (0, stays)
    assert (snapshot(copy), snapshot(theirs)) == before
    assert make(copy, "install", "PYTHON=./quick", "VENV=../ours").returncode == 0
    assert (copy / "../ours/installed").exists()
    assert make(copy, "clean", "VENV=../ours").returncode == 0 and not (copy / "../ours").exists()
    assert (snapshot(copy)[".venv"], snapshot(theirs)) == (None, before[1])


@pytest.mark.parametrize("stamp", ["made-by-make", "made"], ids=["half made", "by an earlier make"])
def test_what_make_has_made_is_removed(copy, stamp):
    for folder in (".venv", "results/fedavg"):
        (copy / folder).mkdir(parents=True)
    (copy / ".venv" / stamp).touch()
    done = make(copy, "clean")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (copy / ".venv").exists() and not (copy / "results").exists()


OURS, READERS = ["client_12.npz", "settings.json"], ["client_0.npz", "test.npz"]


@pytest.mark.parametrize(
    ("removed", "kept"), [([*OURS, *READERS], []), ([], READERS), (OURS, ["notes.txt"])]
)
def test_clean_removes_the_lessons_partitions_and_nobodys_data(copy, removed, kept):
    """What is in the way without settings.json is a reader's own."""
    (copy / "partitions").mkdir()
    for name in [*removed, *kept]:
        (copy / "partitions" / name).touch()
    done = make(copy, "clean")
    told = "make: partitions/ keeps what partition.py has not made\n" if kept else ""
    assert (done.returncode, done.stderr) == (0, told)
    assert sorted(path.name for path in copy.glob("partitions/*")) == kept
    assert (copy / "partitions").exists() == bool(kept)


def test_clean_follows_no_link(copy, tmp_path):
    for name in ("results", "partitions"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept").touch()
        (copy / name).symlink_to(tmp_path / name)
    assert make(copy, "clean").returncode == 0
    assert all((tmp_path / name / "kept").exists() for name in ("results", "partitions"))


def test_packages_go_into_our_environment_whatever_is_exported(copy, tmp_path):
    """With the real pip, and a package that needs no network."""
    with zipfile.ZipFile(copy / "greeting-1-py3-none-any.whl", "w") as wheel:
        for name, content in WHEEL.items():
            wheel.writestr(name, content)
    (copy / "requirements.txt").write_text("./greeting-1-py3-none-any.whl\n", encoding="utf-8")
    poison = tmp_path / "poison"
    poison.mkdir()
    for module in ("venv", "pip", "ensurepip"):
        (poison / f"{module}.py").write_text("raise SystemExit('poisoned')", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    places = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONUSERBASE")
    switches = ("PIP_USER", "PIP_DRY_RUN", "PIP_REQUIRE_VIRTUALENV", "PYTHONSAFEPATH")
    exported = dict.fromkeys(places, str(elsewhere)) | dict.fromkeys(switches, "1")
    exported |= {"PIP_PYTHON": str(poison / "python"), "PYTHONPATH": str(poison)}
    done = make(copy, "install", f"PYTHON={os.path.realpath(sys.executable)}", **exported)
    assert done.returncode == 0, done
    assert len(list(copy.glob(".venv/lib/python*/site-packages/greeting.py"))) == 1
    assert not elsewhere.exists()


def test_what_a_test_starts_knows_nothing_of_the_make_that_runs_the_tests(copy):
    code = "import os, tests; print(sorted(os.environ))"
    recipe = f"tests:\n\t@PYTHONPATH={ROOT} {sys.executable} -c '{code}'\n"
    (copy / "Makefile").write_text(recipe, encoding="utf-8")
    finished = make(copy, "tests", "VENV=theirs")
    assert finished.returncode == 0 and "PYTHONPATH" in finished.stdout, finished
    assert "MAKE" not in finished.stdout and "MFLAGS" not in finished.stdout
