"""Whatever a client sends, aggregation never raises and never lets through what could not be a model."""

import io
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from flwr.common import FitRes, Parameters, ndarray_to_bytes, parameters_to_ndarrays
from flwr.server.strategy import FedAvg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from torch import nn

from client import FlowerClient
from model import get_weights, make_model
from support.sound_updates import AVERAGED, SoundUpdates, find_fault, trained_arrays
from tests.programs.liars import OBJECTS, header_of
from tests.support.bad_values import saved
from tests.support.handmade import OK
from tests.support.lesson import instructions, untrained

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stored array in format 3.0"),
    pytest.mark.filterwarnings("ignore:invalid escape sequence"),  # in an array's header
    pytest.mark.usefixtures("one_thread"),
]

LIMIT = 1000  # examples that one client may claim
FARTHEST = 10  # times the global model's length: what support/sound_updates.py documents
SHAPES = [(3, 2), (2,)]  # of a small model
GLOBAL = [np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2), np.zeros(2, np.float32)]
FUZZ = settings(max_examples=150, suppress_health_check=list(HealthCheck))


def raw_update(tensors, examples=10, metrics=None):
    """Return a client's answer with these bytes as its arrays."""
    return FitRes(OK, Parameters(tensors, "numpy.ndarray"), examples, metrics or {})


def update(weights, *more):
    """Return a client's answer."""
    return raw_update(list(map(ndarray_to_bytes, weights)), *more)


def sound():
    """Return serialized arrays that are as they should be."""
    return [ndarray_to_bytes(array + np.float32(0.1)) for array in GLOBAL]


any_dtype = st_numpy.scalar_dtypes() | st_numpy.floating_dtypes() | st_numpy.array_dtypes()
any_dtype |= st.just(np.dtype(np.float32))
any_shape = st_numpy.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4)
any_shape |= st.sampled_from(SHAPES)
any_array = st_numpy.arrays(dtype=any_dtype, shape=any_shape)
float_arrays = st.tuples(
    *(st_numpy.arrays(np.float32, shape, elements=st.floats(width=32)) for shape in SHAPES)
)
any_count = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, LIMIT + 2)
any_count |= st.just(10**12) | st.just(10)
not_a_count = st.booleans() | st.floats() | st.none() | st.text("0123456789-.", max_size=3)
any_arrays = float_arrays | st.lists(any_array, max_size=4)


@st.composite
def damaged(draw):
    """Serialized arrays of which some bytes are others, or are missing."""
    tensors = sound()
    position = draw(st.integers(0, len(tensors) - 1))
    content = bytearray(tensors[position])
    for _ in range(draw(st.integers(1, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    tensors[position] = bytes(content[: draw(st.integers(0, len(content)))]) or bytes(content)
    return tensors


any_bytes = st.one_of(
    st.lists(st.binary(max_size=200), max_size=4),
    st.lists(st.binary(max_size=50).map(lambda tail: b"\x93NUMPY" + tail), min_size=2, max_size=2),
    damaged(),
)


def ought_to_pass(answer):
    """Return whether an answer is sound, as README.md describes that: decided without the code under test."""
    if type(answer.num_examples) is not int or not 1 <= answer.num_examples <= LIMIT:
        return False
    arrays = [read_array(content) for content in answer.parameters.tensors]
    if [getattr(array, "shape", None) for array in arrays] != SHAPES:
        return False
    if not all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays):
        return False
    steps = [array.astype(np.float64) - sent for array, sent in zip(arrays, GLOBAL, strict=True)]
    return length(steps) <= FARTHEST * length(GLOBAL)


def read_array(content):
    """Return the array in these bytes, or None if they hold none that may be opened."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception:  # almost anything may be wrong with a stranger's bytes
        return None
    return array if isinstance(array, np.ndarray) else None


def length(arrays):
    """Return the length of all arrays together."""
    return math.hypot(*(number for array in arrays for number in array.ravel().tolist()))


def check(answer):
    """Check that find_fault has something to say about the answer if it is unsound, and only then."""
    fault = find_fault(answer, GLOBAL, LIMIT)
    assert (fault is None) == ought_to_pass(answer), fault
    assert fault is None or (fault and "\n" not in fault)


@given(arrays=any_arrays, examples=any_count | not_a_count)
@example(arrays=GLOBAL, examples=0)
@example(arrays=GLOBAL, examples=1)
@example(arrays=GLOBAL, examples=LIMIT)
@example(arrays=GLOBAL, examples=LIMIT + 1)
@example(arrays=GLOBAL, examples=True)
@example(arrays=GLOBAL, examples=5.0)
@FUZZ
def test_no_arrays_and_counts_get_through_that_should_not(arrays, examples):
    check(update(arrays, examples))


@given(tensors=any_bytes)
@example(tensors=[saved(np.savez, *GLOBAL), sound()[1]])
@example(tensors=[saved(np.savez)] * 2)
@example(tensors=[OBJECTS] * 2)
@example(tensors=[header_of((10**12,)), sound()[1]])
@example(tensors=[header_of((2**62, 2**62)), sound()[1]])
@example(tensors=[header_of((-1,)), sound()[1]])
@example(tensors=[header_of((3, 2), "|V0"), sound()[1]])
@example(tensors=[header_of((3, 2), [("a\nb", "<f4")]) + bytes(24), sound()[1]])
@example(tensors=[header_of((0,) * 32), sound()[1]])
@example(tensors=[b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
@FUZZ
def test_no_bytes_get_through_that_should_not(tensors):
    check(raw_update(tensors))


@pytest.mark.parametrize("shrink", [1, 1000], ids=["long", "short"])
@pytest.mark.parametrize("factor, is_sound", [(0.999, True), (1.001, False)])
def test_the_bound_is_where_it_is_said_to_be(factor, is_sound, shrink):
    """The bound of a short model is that of one of length 1."""
    sent = [array / np.float32(shrink) for array in GLOBAL]
    step = factor * FARTHEST * max(length(sent), 1)
    moved = [sent[0], sent[1] + np.array([step, 0], np.float32)]
    assert (find_fault(update(moved), sent, LIMIT) is None) == is_sound


def a_strategy(number_of_clients, sent, *trained):
    """Return the strategy as it stands when so many clients were sent the weights `sent`."""
    strategy = SoundUpdates(FedAvg(), LIMIT, *trained)
    strategy.asked = [
        SimpleNamespace(cid=f"connection-{number}", properties={"partition_id": number})
        for number in range(number_of_clients)
    ]
    strategy.sent_weights = sent
    return strategy


answers = st.one_of(
    st.builds(update, any_arrays, any_count),
    st.builds(raw_update, any_bytes, any_count),
    st.builds(update, float_arrays, st.integers(1, LIMIT)),
)
HONEST = update([array + np.float32(0.25) for array in GLOBAL], 7)


@given(answers=st.lists(answers, max_size=4), data=st.data())
@FUZZ
def test_aggregation_never_raises_and_averages_over_the_sound_updates_alone(answers, data):
    answers = [HONEST, *answers]
    strategy = a_strategy(len(answers) + 1, GLOBAL)  # the last one is silent
    results = data.draw(st.permutations(list(zip(strategy.asked, answers, strict=False))))
    aggregated, metrics = strategy.aggregate_fit(1, results, [])
    expected = [(None, answer) for answer in answers if ought_to_pass(answer)]
    assert aggregated.tensors == FedAvg().aggregate_fit(1, expected, [])[0].tensors
    weights = parameters_to_ndarrays(aggregated)
    assert all(np.isfinite(array).all() for array in weights)
    assert [array.shape for array in weights] == SHAPES
    assert metrics == {AVERAGED: len(expected)}


KINDS = {  # which images a client has, of those with their labels
    "one digit": lambda labels: np.flatnonzero(labels == 7)[:600],
    "two digits": lambda labels: np.flatnonzero(labels < 2)[:300],
    "ten images": lambda labels: np.arange(10),
    "one image": lambda labels: np.arange(1),
    "many images": lambda labels: np.arange(1000),
}


def client_with(kind, mnist):
    """Return a client that has such images."""
    rows = KINDS[kind](mnist.labels)
    return FlowerClient(0, make_model(), mnist.images[rows], mnist.labels[rows].astype(np.int64))


@pytest.fixture(scope="module")
def trained(mnist):
    """The weights of a model that knows its digits."""
    words = ["--local-epochs", 4]
    return client_with("many images", mnist).fit(untrained(), instructions(1, *words))[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", ["untrained", "trained"])
def test_an_honest_update_is_never_rejected(mnist, trained, kind, start):
    weights, client = trained if start == "trained" else untrained(), client_with(kind, mnist)
    for server_round in (1, 2):
        answer = update(*client.fit(weights, instructions(server_round, "--local-epochs", 5)))
        assert find_fault(answer, weights, 60_000) is None
        weights = parameters_to_ndarrays(answer.parameters)


class Everything(nn.Module):
    """A network with every kind of array that a state_dict may hold."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.first = nn.Linear(4, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.first.weight
        self.register_buffer("mask", torch.tensor([True, False]))
        self.register_buffer("unseen", torch.zeros(3), persistent=False)
        self.wave = nn.Parameter(torch.ones(2, dtype=torch.complex64))


def test_weights_are_trained_whether_tied_or_frozen_and_buffers_are_not():
    model = Everything()
    trained = dict(zip(model.state_dict(), trained_arrays(model), strict=True))
    assert {name for name, is_trained in trained.items() if not is_trained} == {
        "mask",
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    }


@pytest.mark.parametrize("name", Everything().state_dict())
@pytest.mark.parametrize("step", [1e6, np.inf, np.nan])
def test_how_far_an_array_may_move_depends_on_whether_it_is_trained(name, step):
    model = Everything()
    sent, names = get_weights(model), list(model.state_dict())
    moved = [array.copy() for array in sent]
    array = moved[names.index(name)]
    if not np.issubdtype(array.dtype, np.inexact):
        array[...] = 1  # a counter, a mask
        step = 0
    else:
        array.flat[0] = step
    fault = find_fault(update(moved), sent, LIMIT, trained_arrays(model))
    if step == 1e6 and "running" not in name:
        assert fault.startswith("lies 1e+06 away")
    else:
        assert (fault is None) == np.isfinite(step)


@pytest.mark.parametrize("statistic", ["running_mean", "running_var"])
def test_a_model_whose_statistics_are_large_is_no_wider_a_bound(statistic):
    model = Everything()
    getattr(model.norm, statistic).fill_(1e9)
    sent = get_weights(model)
    moved = [array.copy() for array in sent]
    moved[list(model.state_dict()).index("first.bias")][0] += 1e6
    assert find_fault(update(moved), sent, LIMIT, trained_arrays(model)).startswith("lies 1e+06")


def test_a_lie_about_statistics_is_averaged_and_does_not_end_the_run():
    model = Everything()
    sent, largest = get_weights(model), np.finfo(np.float32).max
    place = list(model.state_dict()).index("norm.running_var")
    lies = [array.copy() for array in sent]
    lies[place][:] = -largest
    strategy = a_strategy(2, sent, trained_arrays(model))
    results = list(zip(strategy.asked, [update(sent), update(lies)], strict=True))
    aggregated, metrics = strategy.aggregate_fit(1, results, [])
    assert metrics == {AVERAGED: 2}
    averaged = parameters_to_ndarrays(aggregated)
    assert np.allclose(averaged[place], -largest / 2)
    assert [array.dtype for array in averaged] == [array.dtype for array in sent]
