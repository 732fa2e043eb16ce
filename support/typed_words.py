"""What was typed, option by option, so that another process can be given the same words.

A value does not tell its words: [1, 2] may come from "--x 1 2" or from "--x 1 --x 2".
"""

import argparse


class TypedOptions(argparse.Namespace):
    """A parsed command line that remembers its words; vars() has the values of the options, and no more."""

    # As they were typed: [(name of the option in the namespace, [word, ...]), ...]
    __slots__ = ("_words",)


def parse_words(parser, words):
    """Return the TypedOptions that `parser` makes of `words`."""
    args = parser.parse_args(words, TypedOptions())
    args._words = []
    noting = argparse.ArgumentParser(add_help=False)
    for action in parser._actions:
        noting._add_action(_Note(action.option_strings, action.dest, action.nargs))
    noting.parse_args(words, args)
    return args


def option_names(parents):
    """Return the names of the options in `parents`, parsers, as they stand in a parsed namespace."""
    return [action.dest for parent in parents for action in parent._actions]


def as_words(args, parents):
    """Return what was typed of the options in `parents`: ["--rounds=10", "--resume", ...].

    `args` are TypedOptions.
    """
    names = option_names(parents)
    return [word for name, words in args._words if name in names for word in words]


class _Note(argparse.Action):
    """Takes as many words as the option that it stands for, and notes them without setting a value."""

    def __init__(self, option_strings, dest, nargs):
        super().__init__(option_strings, dest, nargs, default=argparse.SUPPRESS)

    def __call__(self, parser, namespace, values, option_string=None):
        values = [values] if isinstance(values, str) else values or []
        if option_string is None:  # an argument without an option
            words = values
        elif len(values) == 1:
            words = [f"{option_string}={values[0]}"]  # a value may begin with a dash
        else:
            words = [option_string, *values]
        namespace._words.append((self.dest, words))
