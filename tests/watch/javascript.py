"""The page's modules that know no page, run by node alone, without a browser."""

import json
import shutil
import subprocess

import pytest

from tests.support.harness import PATIENCE, ROOT

PAGE = ROOT / "beyond/watch/page"


def run_javascript(directory, code, given=None):
    """Return what the JavaScript `code`, the body of a function of `given`, returns; both as JSON has it.

    It may use the exports of the modules named below. Skips without node.
    """
    node = shutil.which("node") or shutil.which("nodejs")
    if not node:
        pytest.skip("no node here: apt-get install nodejs")
    for module in PAGE.glob("*.js"):
        shutil.copy(module, directory)
    (directory / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    names = ("events", "run", "words", "aloud", "record", "replay", "layout")
    imports = "".join(f'import * as {name} from "./{name}.js";\n' for name in names)
    text = f"""{imports}import {{ readFileSync }} from "node:fs";
const given = JSON.parse(readFileSync(0));
const answer = ((given) => {{ {code} }})(given);
console.log(JSON.stringify(answer ?? null));
"""
    (directory / "main.js").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [node, "main.js"],
        cwd=directory,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
