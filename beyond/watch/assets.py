"""The page's files, as the site serves them, and all in one, with the record of runs inside."""

import base64
import gzip
import json
import re
import time
from functools import cache
from pathlib import Path

from beyond.watch.about import about
from beyond.watch.glyphs import palettes, symbols
from beyond.watch.run_files import is_held, read_inside
from support.command_line import UserError
from support.events import NAME
from support.files import in_words, replaced_file

FILES = Path(__file__).resolve().parent / "page"
TYPES = {".js": "text/javascript", ".css": "text/css"}
# Modules, each after those that it imports.
SCRIPTS = ("uplot.js", "events.js", "event_list.js", "run.js", "words.js", "aloud.js", "record.js")
SCRIPTS += ("replay.js", "layout.js", "draw.js", "clients.js", "stage.js", "view.js", "curve.js")
SCRIPTS += ("log.js", "picture.js", "sources.js", "watch.js")
IMPORT = re.compile(r'^import (?:(\w+)|(\{[^}]*\})) from "\./([\w.]+)";$', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?:default (\w+);|(?=(?:async )?(?:function|const|class) (\w+)))", re.MULTILINE
)
MOST = 1 << 28  # bytes of events.jsonl, that a browser can take in one text
CLOSED = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; script-src '
    "'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:\">"
)


def page():
    """Return index.html with the diagrams' glyphs."""
    return _read("index.html").replace("<!-- glyphs -->", symbols())


@cache
def assets():
    """Return {name: text} of the style and of the scripts."""
    style = palettes() + _read("uplot.css") + _read("style.css")
    return {"style.css": style, **{name: _read(name) for name in SCRIPTS}}


def export(runs, path):
    """Write the page and the records of `runs` to the one file `path`, which needs no server.

    Raises UserError if there is nothing to be shown of a run, or if the file cannot be written.
    """
    html = whole_page(runs).encode()
    try:
        with replaced_file(path) as file:
            file.write(html)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {in_words(error, path)}; name another file"
        ) from None


def whole_page(runs):
    """Return the page with style, scripts and records inside."""
    scripts = "const modules = {};\n" + "".join(map(_as_part, SCRIPTS))
    scripts = scripts.replace("</script", r"<\/script")
    html = page()
    record = base64.b64encode(gzip.compress(json.dumps([_record(run) for run in runs]).encode()))
    for old, new in {
        '<meta charset="utf-8">': f'<meta charset="utf-8">\n  {CLOSED}',
        '<link rel="stylesheet" href="style.css">': f"<style>\n{assets()['style.css']}</style>",
        '<script type="module" src="watch.js"></script>': "",
        "</body>": f'<script type="application/gzip" id="record">{record.decode()}</script>\n'
        + f'<script type="module">\n{scripts}</script>\n</body>',
    }.items():
        html = html.replace(old, new, 1)
    return html


def _as_part(name):
    """Return the module `name` as a part of a larger one: a function's body keeps its names apart."""
    text = assets()[name]
    exports = [default or other for default, other in EXPORT.findall(text)]
    text = IMPORT.sub(_taken, EXPORT.sub("", text))
    return f'modules["{name}"] = await (async () => {{\n{text}\nreturn {{ {", ".join(exports)} }};\n}})();\n'


def _taken(found):
    """Return what takes the place of an import: the names come from a module before."""
    default, names, module = found.groups()
    return f'const {default and f"{{ {default} }}" or names} = modules["{module}"];'


def _record(run):
    """Return {"about", "lines", "held"} of a run; raise UserError if it has neither events nor history.

    `held` is what is_held returns; if it is true, `exported` is the time, in milliseconds since 1970.
    """
    # Before the file is read: who holds the lock no longer has written everything.
    held = is_held(run)
    moment = {"exported": round(1000 * time.time())} if held else {}
    described, lines = about(run), _lines(run)
    if not lines and not described["history"]:
        raise UserError(
            f"there is no {Path(run, NAME)} to export; make a run with python federation.py"
        )
    return {"about": described, "lines": lines, "held": held, **moment}


def _lines(run):
    try:
        return read_inside(run, NAME, MOST).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise UserError(f"cannot export {Path(run, NAME)}: {in_words(error)}") from None


def _read(name):
    return (FILES / name).read_text(encoding="utf-8")
