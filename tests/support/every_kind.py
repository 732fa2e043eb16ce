"""A chapter's options, one of every kind that argparse has."""

import argparse
import json
from pathlib import Path

from support.argument_types import fraction
from support.command_line import Options


def toy_options():
    """Return the toy's option, and others whose words cannot be told from their values."""
    parser = Options()
    add = parser.add_argument
    add("--decay", type=fraction, default=1.0)
    add("--warm", action=argparse.BooleanOptionalAction, default=True)
    add("--cold", action=argparse.BooleanOptionalAction)
    add("--plain", action="store_false", dest="fancy")
    add("--fast", action="store_const", const=9, default=1, dest="speed")
    add("--loud", action="count", default=0)
    add("-t", "--tag", action="append", default=[])
    add("--square", action="append_const", const=4, dest="sides")
    add("--more", action="extend", nargs="+", type=int)
    add("--layers", nargs="+", type=int, default=[8])
    add("--pair", nargs=2, type=float)
    add("--any_of", nargs="*")
    add("--maybe", nargs="?", const="yes")
    add("--shape", type=lambda text: tuple(map(int, text.split("x"))))
    add("--table", type=json.loads)
    add("--file", type=Path)
    add("--note", dest="remark")
    add("--hidden", default=argparse.SUPPRESS)
    add("--rest", nargs=argparse.REMAINDER)
    return parser


# What may be typed of each, beside nothing; a value may begin with a dash, and --warm may be a part of it.
TYPED = [
    ["--decay=0.5"],
    ["--no-warm"],
    ["--warm", "--no-warm", "--cold"],
    ["--no-cold"],
    ["--plain", "--fast"],
    ["--loud", "--loud"],
    ["--tag", "a", "--tag=-b", "-t", "c d", "-te"],
    ["--square", "--square", "--more", "1", "2", "--more", "-3"],
    ["--layers", "1", "2", "3"],
    ["--layers", "0"],
    ["--pair", "-1", "1e-9", "--any_of"],
    ["--any_of", "x", "a b", "--maybe"],
    ["--any_of=-x", "--maybe="],
    ["--maybe=-", "--lay", "5"],  # an abbreviation
    ["--shape", "3x4", "--table", '{"a": [1, "b"]}', "--file", "~/a b"],
    ["--note=--warm", "--note", "", "--hid", "x=y"],
    ["--note", "'\"$HOME\\ \n", "--rest", "--warm", "-x", "--clients", "3"],
]
