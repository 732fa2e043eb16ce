"""Make the web site: every page as HTML, and every recorded run of the list in watch as a replay.

    python -m pages.site              # -> site/
    python -m pages.site elsewhere

MkDocs with Material writes the pages. They load nothing from elsewhere, and open from a disk as well.
"""

import os
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from beyond.watch.assets import export
from pages.watch.facts import REPLAYS
from support.argument_types import path
from support.command_line import ROOT, Options, UserError, parse_options, run_command

SETTINGS = ROOT / "pages/web/mkdocs.yml"
CONTENTS = Path("beyond/README.md")  # what stands in which order
LAST = ("ARCHITECTURE.md", "CONTRIBUTING.md")
NOT_SHOWN = ("pages", "tests", ".github")
TARGET = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"')
HREF = re.compile(r'href="([^"]+/)"')
SCRIPTS = ("iframe-worker.js", "themes.js")  # ours, in every page
HEADING = "<h1>Watch the federation</h1>"


def tracked_files():
    """Return the paths of all files in the repository, relative to it. Raises UserError without git."""
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode != 0:
        raise UserError("git does not know this directory; clone the repository with git")
    return [Path(line) for line in done.stdout.splitlines()]


def targets(document):
    """Return what a page links to in the repository, as paths relative to it."""
    found = TARGET.findall((ROOT / document).read_text(encoding="utf-8"))
    links = [(one or other).partition("#")[0] for one, other in found]
    own = [link for link in links if link and not re.match(r"\w+:", link)]
    return [Path(os.path.normpath(document.parent / link)) for link in own]


def copy_documents(directory):
    """Copy all pages, and every file that they link to, to `directory`; return the pages."""
    files = tracked_files()
    pages = [one for one in files if one.suffix == ".md" and one.parts[0] not in NOT_SHOWN]
    linked = {target for page in pages for target in targets(page)}
    for file in {*pages, *(linked & set(files))}:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, directory / file)
    (directory / "assets").mkdir(exist_ok=True)
    for script in SCRIPTS:
        shutil.copyfile(SETTINGS.with_name(script), directory / "assets" / script)
    return pages


def in_reading_order(pages):
    """Return the pages as the table of contents names them."""
    wanted = [Path("README.md"), CONTENTS, *targets(CONTENTS), *pages]
    order = [page for page in dict.fromkeys(wanted) if page in pages]
    return [page for page in order if str(page) not in LAST] + list(map(Path, LAST))


def title_of(page):
    """Return a page's first heading."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.search(r"^# (.+)$", text, re.MULTILINE)[1].partition(":")[0]


def build(site):
    """Write the whole site to the directory `site`."""
    from mkdocs.commands.build import build as build_pages
    from mkdocs.config import load_config

    with tempfile.TemporaryDirectory() as directory:
        pages = in_reading_order(copy_documents(Path(directory)))
        nav = [{title_of(page): page.as_posix()} for page in pages]
        where = {"docs_dir": directory, "site_dir": str(site), "nav": nav}
        settings = load_config(str(SETTINGS), **where)
        build_pages(settings)
    places = [run.relative_to(ROOT) for run in REPLAYS]
    for page in site.rglob("*.html"):
        name_the_files(page, {site / place for place in places})
    for place in places:
        (site / place).mkdir(parents=True, exist_ok=True)
        export([place], site / place / "index.html")
        link_back(site / place / "index.html", site, settings.site_name)


def name_the_files(page, replays):
    """Let a page's links to the directories `replays` name the file inside: a disk opens no index.html."""

    def named(link):
        leads_to = Path(os.path.normpath(page.parent / link[1]))
        return f'href="{link[1]}index.html"' if leads_to in replays else link[0]

    text = page.read_text(encoding="utf-8")
    page.write_text(HREF.sub(named, text), encoding="utf-8")


def link_back(replay, site, name):
    """Put a link to the site's first page above a replay. Raises ValueError without a place for it."""
    before, heading, after = replay.read_text(encoding="utf-8").partition(HEADING)
    if not heading:
        raise ValueError(f"{replay} has no {HEADING}")
    link = os.path.relpath(site / "index.html", replay.parent)
    text = f'{before}<a href="{link}">← {name}</a>\n  {heading}{after}'
    replay.write_text(text, encoding="utf-8")


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("site", nargs="?", type=path, default="site", help="directory to write")
    args = parse_options(arguments, [options])
    os.chdir(ROOT)
    if not find_spec("material"):
        raise UserError("the site needs mkdocs-material; make site installs it")
    build(Path(args.site).resolve())
    print(f"{args.site}/index.html opens the site")


if __name__ == "__main__":
    run_command(main)
