"""The run config: the lesson's options under the lesson's names, read by the lesson's own parser.

pyproject.toml lists them all, because Flower refuses a name that is not there. "" stands for the lesson's
default, where that is no number. A chapter's own options are words in one entry, `chapter-options`.
"""

import shlex
from argparse import ArgumentError, ArgumentParser

from beyond.engine.chapters import CHAPTERS
from support.command_line import Options, UserError, name_command, parse_options
from support.options import run_server_options
from support.typed_words import as_words, option_names

COMMAND = "beyond.simulation.federation"  # what resumes a run of the engine, wherever it was made


def chapter_options():
    """Return the option that says whose strategy and clients run on the engine."""
    parser = Options()
    parser.add_argument(
        "--chapter",
        choices=CHAPTERS,
        default="lesson",
        help="whose strategy and clients; its options go with it",
    )
    return parser


def check_args(args):
    """Raise UserError if no run config can say what `args` do."""
    for value in vars(args).values():
        check_text(value)


def check_text(value):
    """Raise UserError if `value` is a text that TOML cannot hold: names of files need not be UTF-8."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise UserError(
            f"Flower takes names in UTF-8 only, and {ascii(value)} is not; choose another"
        ) from None


def chapter_in(arguments):
    """Return the name of the chapter whose options the command line `arguments` may have."""
    first = ArgumentParser(add_help=False, parents=[chapter_options()], exit_on_error=False)
    try:
        return first.parse_known_args(arguments)[0].chapter
    except ArgumentError:
        return "lesson"  # and the next parser complains


def run_parents(chapter):
    """Return all parents of a run's options, those of the chapter named `chapter` among them."""
    return [*run_server_options(), chapter_options(), *CHAPTERS[chapter].make_options()]


def parse_run_config(run_config):
    """Return the namespace that server.py's strategy and record need from what a ServerApp is given.

    Raises UserError if an entry is not what the lesson takes.
    """
    entries = {**run_config}
    of_the_chapter = shlex.split(str(entries.pop("chapter-options")))
    entries["parallel-clients"] = entries["parallel-clients"] or entries["clients"]  # all at once
    words = [word for name, value in entries.items() for word in _as_words(name, value)]
    words += of_the_chapter  # last, because an option may take all words that follow
    name_command(COMMAND, __doc__)
    chapter = entries["chapter"] if entries["chapter"] in CHAPTERS else "lesson"
    try:
        return parse_options(words, run_parents(chapter))
    except SystemExit:  # the line is printed
        raise UserError("the run config is not one of this app's, see above") from None


def _as_words(name, value):
    """Return an entry of the run config as it would be typed: ["--rounds=10"], ["--resume"] or nothing."""
    if value is True:
        return [f"--{name}"]
    return [] if value is False or value == "" else [f"--{name}={value}"]


def as_run_config(args):
    """Return the run config that says what `args` do, the other way round: a dict for a TOML file."""
    names = option_names([*run_server_options(), chapter_options()])
    values = {name.replace("_", "-"): getattr(args, name) for name in names}
    entries = {name: "" if value is None else value for name, value in values.items()}
    words = as_words(args, CHAPTERS[args.chapter].make_options())
    return {**entries, "chapter-options": shlex.join(words)}
