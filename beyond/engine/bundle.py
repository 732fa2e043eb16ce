"""The Flower app bundle: the files that travel to SuperLink and from there to every node."""

import ast
import io
import tomllib
import zipfile
from pathlib import Path

import tomli_w
from flwr.cli.build import build_fab_from_files, get_filtered_fab_paths

from support.command_line import ROOT, UserError

ALWAYS = ("pyproject.toml", ".gitignore", "LICENSE")


def bundle(root=ROOT):
    """Return the bytes of the bundle that `flwr run` makes of this repository: a zip archive.

    The files are those that pyproject.toml includes; Flower leaves out what .gitignore names. Raises
    UserError if one of them imports a module of this repository that is not among them.
    """
    config = tomllib.loads(Path(root, "pyproject.toml").read_text(encoding="utf-8"))
    included = [pattern.lstrip("/") for pattern in config["tool"]["flwr"]["app"]["fab-include"]]
    paths = {path for pattern in [*included, *ALWAYS] for path in Path(root).glob(pattern)}
    files = {path.relative_to(root).as_posix(): path for path in sorted(paths)}
    check_imports(root, [Path(root, name) for name in get_filtered_fab_paths(files, config)])
    return build_fab_from_files(files)[0]


def check_imports(root, paths):
    """Raise UserError if code among the files `paths` imports a module below `root` that is not among them.

    Otherwise a node would find that out, and tell only its log.
    """
    for path in (path for path in paths if path.suffix == ".py"):
        for module in imported_modules(path):
            file = Path(root, *module.split(".")).with_suffix(".py")
            if file.is_file() and file not in paths:
                name, by = (one.relative_to(root).as_posix() for one in (file, path))
                raise UserError(
                    f"{by} imports {name}, which does not travel to the nodes; add it to fab-include in "
                    "pyproject.toml"
                )


def imported_modules(path):
    """Yield all names in the imports of a Python file that may be modules."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{name.name}" for name in node.names))


def unpack_app(directory, serverapp=None, clientapp=None, **config):
    """Write the bundle's files to `directory`, for `flwr run DIRECTORY`, and return that.

    `serverapp` and `clientapp` name other components, as module:attribute; `config` adds to the run config.
    That makes a variant of the app from the same files.
    """
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        archive.extractall(directory)
    file = Path(directory, "pyproject.toml")
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    app = content["tool"]["flwr"]["app"]
    named = {"serverapp": serverapp, "clientapp": clientapp}
    app["components"] |= {name: value for name, value in named.items() if value}
    app["config"] |= config
    del app["fab-include"], app["fab-exclude"]  # all that is there travels
    file.write_text(tomli_w.dumps(content), encoding="utf-8")
    return directory
