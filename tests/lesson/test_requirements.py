"""Whoever installs the lesson, with pip, with uv or from checksums, gets the same packages."""

import re
import tomllib

from packaging.requirements import Requirement

from tests.support.harness import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-beyond.txt")


def requirements(name):
    """Return the requirements in a file, those of the files that it names left out."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith(("#", "-r"))]


def pins(wanted):
    """Return {package: version} of requirements; each has to name one version."""
    found = {}
    for one in wanted:
        (found[one.name],) = (part.version for part in one.specifier if part.operator == "==")
    return found


def test_pyproject_names_the_packages_and_versions_of_requirements_txt():
    assert pins(map(Requirement, PROJECT["project"]["dependencies"])) == pins(
        requirements("requirements.txt")
    )


def test_flowers_app_is_for_the_version_that_is_installed_with_it():
    target = PROJECT["tool"]["flwr"]["app"]["flwr-version-target"]
    assert {target} == {pins(requirements(name))["flwr"] for name in (FILES[0], FILES[2])}


def test_what_is_locked_is_what_is_required_with_checksums_and_from_nowhere_in_particular():
    text = (ROOT / "requirements-locked.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S+)==(\S+)(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    locked = {name.partition("[")[0]: version for name, version, _ in entries}
    for name in FILES:
        assert pins(requirements(name)).items() <= locked.items(), f"{name} is newer: make lock"
    assert all(re.search("--hash=sha256:[0-9a-f]{64}", rest) for *_, rest in entries)
    assert "//" not in text
