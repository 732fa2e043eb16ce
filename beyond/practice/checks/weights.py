"""The check of exercise 2."""

import numpy as np
import torch
from torch import nn

import model as lesson
from beyond.practice.judge import Wrong, call, compare, expect, expect_dtypes, same

SHARED = "changes when the model trains on, because it shares the model's memory: copy it."


def check(answer):
    """Check exercise 2."""
    yield "get_weights: a list of arrays, one for each entry of the state_dict"
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    found, right = call(answer.get_weights, model), lesson.get_weights(model)
    expect(not isinstance(found, dict), "get_weights returns a dict; the names do not travel.")
    expect(not isinstance(found, tuple), "get_weights returns a tuple; Flower wants a list.")
    is_short = isinstance(found, list) and len(found) == len(list(model.parameters()))
    expect(not is_short, "parameters() leaves out batch normalisation's statistics: state_dict().")
    compare(found, right, what="get_weights(model)")
    expect_dtypes(found, right, "get_weights(model)")
    yield "get_weights: copies, which stay as they are while the model trains on"
    change(model)
    is_own = not same(found, lesson.get_weights(model))
    expect(is_own, f"What get_weights returned {SHARED}")
    yield from setting_steps(answer, model, right)


def setting_steps(answer, model, wanted):
    """Take the steps of set_weights, with weights that `model` does not have."""
    yield "set_weights: the model has the new weights"
    before, kept = lesson.get_weights(model), [array.copy() for array in wanted]
    call(answer.set_weights, model, wanted)
    mistakes = {
        "it is as it was: what is put into state_dict() reaches it by load_state_dict": before,
        "parameters() leaves out batch normalisation's statistics": wanted[:4] + before[4:],
    }
    compare(lesson.get_weights(model), wanted, mistakes, "The model")
    yield "set_weights: the model's weights are its own"
    change(model)
    expect(same(kept, wanted), f"What the model was given {SHARED}")
    yield "set_weights: arrays that do not fit are refused"
    larger = "A larger model's arrays are taken without a word: zip(..., strict=True) raises."
    expect_refused(answer, model, [*wanted, wanted[0]], larger)
    smaller = "Too few arrays are taken without a word: zip(..., strict=True) raises."
    expect_refused(answer, model, wanted[:-1], smaller)
    for shape in ((3, 2), (1, 3)):
        other = f"An array of shape {shape} is taken without a word where one of (2, 3) is right."
        expect_refused(answer, model, [np.ones(shape, np.float32), *wanted[1:]], other)


def expect_refused(answer, model, arrays, otherwise):
    """Raise Wrong(otherwise) unless set_weights raises where `arrays` do not fit `model`."""
    try:
        call(answer.set_weights, model, arrays)
    except (ValueError, RuntimeError, IndexError, AssertionError):
        return
    raise Wrong(otherwise)


def change(model):
    """Change all weights of `model` in place, as training does."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.add_(1)
