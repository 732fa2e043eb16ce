"""What travels to the nodes is code and nothing else, and it is enough."""

import io
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from flwr.cli.build import build_fab_from_disk

from beyond.engine.bundle import ALWAYS, bundle, unpack_app
from support.command_line import UserError
from tests.support.harness import ROOT
from tests.support.small import write_partitions

SECRET = "nobody may read this"
HIDDEN = """
    certificates/ca.key  certificates/notes.py  partitions/settings.json
    results/fedavg/run.json  results/fedavg/notes.md  support/server.key  support/server.pem
    beyond/engine/supernode_key  beyond/simulation/recorded/scale.csv
    beyond/simulation/recorded/scale.json  data/more.json  .venv/secret.py  mine.py
"""


@pytest.fixture(scope="module")
def used_repository(tmp_path_factory, mnist):
    """A copy of what the app needs, in which somebody has worked: with data, results and keys."""
    copy = tmp_path_factory.mktemp("app") / "repository"
    ignore = shutil.ignore_patterns("__pycache__", "recorded", "*.png")
    for folder in ("support", "beyond"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    for file in [*ROOT.glob("*.py"), *(ROOT / name for name in ALWAYS)]:
        shutil.copy(file, copy)
    write_partitions(copy, mnist, (20, 20), 20)
    for name in HIDDEN.split():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(SECRET, encoding="utf-8")
    return copy


def files_in(repository):
    """Return {name: content} of the bundle that is made of it."""
    with zipfile.ZipFile(io.BytesIO(bundle(repository))) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_ours_is_the_bundle_that_flower_makes(used_repository):
    assert bundle(used_repository) == build_fab_from_disk(used_repository)


def test_the_bundle_is_small_and_holds_no_data_no_result_and_no_key(used_repository):
    files = files_in(used_repository)
    assert len(files) < 90
    assert sum(map(len, files.values())) < 300_000
    kinds = {Path(name).suffix for name in files if name not in ("LICENSE", ".info/CONTENT")}
    assert kinds == {".py", ".toml"}
    for name, content in files.items():
        assert SECRET.encode() not in content, name
        assert b"PRIVATE KEY--" not in content and b"\x00" not in content, name
    tops = {name.partition("/")[0] for name in files if "/" in name}
    assert tops == {"support", "beyond", ".info"}


IMPORTS = [
    "from own.mlp import MLP",
    "import own.mlp as mine",
    "from own import mlp",
    "def f():\n    from own.mlp import MLP",
]


def test_a_module_that_does_not_travel_is_named_before_anything_starts(used_repository, tmp_path):
    copy = shutil.copytree(used_repository, tmp_path / "copy")
    (copy / "own").mkdir()
    (copy / "own/mlp.py").touch()
    model, config = (copy / name for name in ("model.py", "pyproject.toml"))
    code = model.read_text(encoding="utf-8")
    for line in IMPORTS:
        model.write_text(f"{code}\n\n{line}\n", encoding="utf-8")
        with pytest.raises(UserError, match="^model.py imports own/mlp.py, which does not travel"):
            bundle(copy)
    both = config.read_text(encoding="utf-8").replace('"/model.py",', '"/model.py", "own/mlp.py",')
    config.write_text(both, encoding="utf-8")
    assert "own/mlp.py" in files_in(copy)


# Imports all that travels, and says which files that took.
IMPORT_ALL = """
import pathlib, sys
from importlib import import_module

app = pathlib.Path(sys.argv[1])
for path in app.rglob("*.py"):
    import_module(".".join(path.relative_to(app).with_suffix("").parts))
print(*(getattr(one, "__file__", None) or "" for one in list(sys.modules.values())), sep="\\n")
"""


def test_the_unpacked_bundle_needs_no_other_file_of_ours(tmp_path):
    app = unpack_app(tmp_path / "app", seed=7)
    assert "seed = 7" in (app / "pyproject.toml").read_text(encoding="utf-8")
    outside = {**os.environ, "PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-c", IMPORT_ALL, app]
    imported = subprocess.check_output(words, cwd=tmp_path, env=outside, encoding="utf-8").split(
        "\n"
    )
    assert str(app / "server.py") in imported
    packages = sysconfig.get_path("purelib")  # the environment may be in the repository
    ours = [file for file in imported if file.startswith(f"{ROOT}{os.sep}")]
    assert not [file for file in ours if not file.startswith(packages)]
