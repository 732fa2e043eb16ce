"""How checks compare an answer with what is right, and say what it gets wrong, in its reader's words."""

import copy
import inspect
import io
from functools import partial

import numpy as np
import torch

MOST_PRINTED = 200  # characters that are kept
NUMBERS = (int, float, np.number)
TOLERANCE = 1e-5  # relative, and absolute


class Wrong(Exception):
    """What is wrong with an answer, as its reader is told it."""


class Printed(io.TextIOBase):
    """Takes what an answer prints, and keeps the beginning: an endless loop may print for ever."""

    kept = ""

    def write(self, text):
        """Keep `text`, as far as there is room."""
        self.kept = (self.kept + text)[:MOST_PRINTED]
        return len(text)


def expect(is_right, otherwise):
    """Raise Wrong(otherwise) unless `is_right`."""
    if not is_right:
        raise Wrong(otherwise)


def name_of(function):
    """Return the name of what may be a function, a part of one (functools.partial), or an object."""
    inner = function.func if isinstance(function, partial) else function
    return getattr(inner, "__name__", type(inner).__name__)


def call(function, *arguments):
    """Return what `function`, a part of an answer, returns.

    Raises Wrong if it does not take these arguments, or changes one of them.
    """
    name = name_of(function)
    try:
        names = list(inspect.signature(function).bind(*arguments).arguments)
    except TypeError as error:
        raise Wrong(f"{name} is called with {len(arguments)} argument(s): {error}.") from None
    before = [copy.deepcopy(one) if _is_data(one) else None for one in arguments]
    answer = function(*arguments)
    for argument, was, now in zip(names, before, arguments, strict=False):
        own = f"{name} changes its argument {argument}, which others still need: make a new one."
        expect(was is None or same(was, now) and same(now, was), own)
    return answer


def _is_data(value):
    return isinstance(value, (list, tuple, dict, np.ndarray))


def compare(found, expected, mistakes=None, what="What comes back"):
    """Raise Wrong unless `found` is `expected`: of its kind, and with its values.

    `mistakes` is {words: what one gets who makes that mistake}.
    """
    fault = unlike(found, expected, what)
    if not fault and (callable(expected) or same(found, expected)):
        return
    words = [words for words, value in (mistakes or {}).items() if same(found, value)]
    raise Wrong(": ".join([fault or difference(found, expected, what), *words[:1]]) + ".")


def expect_dtypes(found, right, what):
    """Raise Wrong unless the arrays `found` have the dtypes of the model's own, `right`."""
    for number, (array, own) in enumerate(zip(found, right, strict=True)):
        is_own = array.dtype == own.dtype
        expect(is_own, f"{what}[{number}] is {array.dtype}; the model's is {own.dtype}.")


def same(one, other):
    """Return whether numbers, arrays, and lists, tuples and dicts of them are the same.

    A dict may have more in it than the `other` one.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return all(key in one and same(one[key], other[key]) for key in other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (np.ndarray, *NUMBERS)) and isinstance(other, (np.ndarray, *NUMBERS)):
        is_close = np.shape(one) == np.shape(other) and np.allclose(
            one, other, TOLERANCE, TOLERANCE, equal_nan=True
        )
        return bool(is_close)
    return type(one) is type(other) and bool(one == other)


def unlike(found, expected, what, is_part=False):
    """Return in words how `found`, which may be part of what came back, is of another kind, or None."""
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{what} has no {key!r}" for key in expected if key not in found]
        parts = ((found[key], expected[key], f"{what}[{key!r}]") for key in expected)
        return missing[0] if missing else _first_unlike(parts)
    if not _is_like(found, expected):
        inside = ": define one inside, and return it without calling it" * callable(expected)
        return f"{what} is {kind(found, is_part)}, and has to be {kind(expected)}{inside}"
    if isinstance(expected, (list, tuple)):
        places = [f"{what}[{place}]" for place in range(len(expected))]
        return _first_unlike(zip(found, expected, places, strict=True))
    if isinstance(found, (np.ndarray, *NUMBERS)) and not np.isfinite(found).all():
        return f"{what} holds NaN or infinity"
    return None


def _is_like(found, expected):
    if callable(expected):
        return callable(found)
    if isinstance(expected, (list, tuple)):
        return isinstance(found, (list, tuple)) and len(found) == len(expected)
    if isinstance(expected, np.ndarray):
        return isinstance(found, (np.ndarray, np.number)) and found.shape == expected.shape
    return isinstance(found, NUMBERS if isinstance(expected, float) else type(expected))


def _first_unlike(parts):
    return next(filter(None, (unlike(*part, is_part=True) for part in parts)), None)


def kind(value, is_part=False):
    """Return in words what `value` is, which may be part of what came back."""
    if value is None:
        return "None" if is_part else "None (is a return missing?)"
    if inspect.isroutine(value) or isinstance(value, partial):
        return "a function"
    if isinstance(value, (np.ndarray, torch.Tensor)):
        name = "an array" if isinstance(value, np.ndarray) else "a tensor of PyTorch's"
        return f"{name} of shape {tuple(value.shape)}" if value.shape else f"{name} of one number"
    if isinstance(value, NUMBERS):
        return f"a number ({type(value).__name__})"
    if isinstance(value, dict):
        return f"a dict with {', '.join(map(repr, value)) or 'nothing in it'}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)} ({', '.join(kind(part, is_part=True) for part in value)})"
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    return f"{article} {name}" + (f" of {len(value)}" if hasattr(value, "__len__") else "")


def difference(found, expected, what):
    """Return in words where `found`, of the right kind, has other values than `expected`."""
    if isinstance(expected, dict):
        key = next(key for key in expected if not same(found[key], expected[key]))
        return difference(found[key], expected[key], f"{what}[{key!r}]")
    if isinstance(expected, np.ndarray):
        place = tuple(map(int, np.argwhere(~np.isclose(found, expected, TOLERANCE, TOLERANCE))[0]))
        found, expected = found[place], expected[place]
        where = f"[{', '.join(map(str, place))}]" if place else ""
        return difference(found, expected, f"{what}{where}")
    if isinstance(expected, (list, tuple)) and not all(
        isinstance(one, NUMBERS) for one in expected
    ):
        wrong = [n for n, pair in enumerate(zip(found, expected, strict=True)) if not same(*pair)]
        first = difference(found[wrong[0]], expected[wrong[0]], f"{what}[{wrong[0]}]")
        return first + _ratio(found, expected)
    for digits in (4, 7, 17):  # as many as it takes to see that they differ
        said = [_said(value, digits) for value in (found, expected)]
        if said[0] != said[1]:
            break
    return "{} is {} where {} is right".format(what, *said)


def _ratio(found, expected):
    """Return in words how many times as large as they should be all numbers in lists of arrays are."""
    if not all(isinstance(array, np.ndarray) for array in expected):
        return ""
    numbers, right = (np.concatenate([*map(np.ravel, arrays)]) for arrays in (found, expected))
    ratio = np.dot(numbers, right) / (np.dot(right, right) or 1)
    return f" (all are {ratio:.4g} times what is right)" if same(numbers, ratio * right) else ""


def _said(value, digits):
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(one, digits) for one in value)
    return f"{value:.{digits}g}" if isinstance(value, NUMBERS) else repr(value)
