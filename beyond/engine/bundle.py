"""The Flower app bundle: the files that travel to SuperLink and from there to every node."""

from support.command_line import ROOT

import io
import tomllib
import zipfile
from pathlib import Path

import tomli_w
from flwr.cli.build import build_fab_from_files

ALWAYS = ("pyproject.toml", ".gitignore", "LICENSE")


def bundle(root=ROOT):
    """Return the bytes of the bundle that `flwr run` makes of this repository: a zip archive.

    The files are those that pyproject.toml includes; Flower leaves out what .gitignore names.
    """
    config = tomllib.loads(Path(root, "pyproject.toml").read_text())
    patterns = [*config["tool"]["flwr"]["app"]["fab-include"], *ALWAYS]
    paths = sorted({path for pattern in patterns for path in Path(root).glob(pattern)})
    return build_fab_from_files({path.relative_to(root).as_posix(): path for path in paths})[0]


def unpack_app(directory, serverapp=None, clientapp=None, **config):
    """Write the bundle's files to `directory`, for `flwr run DIRECTORY`, and return that.

    `serverapp` and `clientapp` name other components, as module:attribute; `config` adds to the run config.
    That is how a variant of the app comes about: the files stay the same.
    """
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        archive.extractall(directory)
    file = Path(directory, "pyproject.toml")
    content = tomllib.loads(file.read_text())
    app = content["tool"]["flwr"]["app"]
    named = {"serverapp": serverapp, "clientapp": clientapp}
    app["components"] |= {name: value for name, value in named.items() if value}
    app["config"] |= config
    app.pop("fab-include")  # all that is there
    file.write_text(tomli_w.dumps(content))
    return directory
