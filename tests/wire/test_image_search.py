"""The search on data of a reader's own: what was sent is found, as often as it was sent, and nothing else."""

import re
import time
import zlib

import numpy as np
import pytest
import torch

from beyond.wire import image_search
from beyond.wire.found_images import report_found
from beyond.wire.image_search import Search
from support.command_line import UserError
from tests.wire.test_byte_ledger import answer

NUMBERS = np.random.default_rng(0)
N = 40


def pixels(*shape):
    """Return N images with a white margin, which is the same in all of them."""
    images = NUMBERS.integers(0, 256, (N, *shape)).astype(np.uint8)
    images[..., :2] = 255
    return images


def numbers(*shape, kind=np.float64, most=4096):
    """Return N tables of whole numbers."""
    return NUMBERS.integers(0, most, (N, *shape)).astype(kind)


KINDS = {  # the data of one client, and what `to_tensors` makes of it
    "lesson": (pixels(28, 28), lambda data: data.unsqueeze(1).float() / 127.5 - 1),
    "colour": (pixels(3, 16, 16), lambda data: data.float() / 127.5 - 1),
    "channels last": (pixels(16, 16, 3), lambda data: data.permute(0, 3, 1, 2) / 200),
    "film": (pixels(2, 3, 8, 9), lambda data: data.double()),
    "sound": (numbers(3000, kind=np.int16), lambda data: data / 1e4),
    "table": (NUMBERS.normal(size=(N, 13)), lambda data: data.float()),
    "narrow table": (NUMBERS.normal(size=(N, 3)).round(1), lambda data: data.float()),
    "table of small numbers": (numbers(9, kind=np.int64, most=99), lambda data: data / 7),
    "uint16": (numbers(12, 12, kind=np.uint16), lambda data: data.float() / 4095),
    "float32": (NUMBERS.random((N, 1, 8, 8), np.float32), lambda data: data),
    "column by column": (np.asfortranarray(pixels(9, 11)), lambda data: data.float()),
    "bfloat16": (NUMBERS.random((N, 9)), lambda data: data.bfloat16().float()),
    "complex": (NUMBERS.normal(size=(N, 5, 2)) + 1j, lambda data: data.abs()),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def kind(request, monkeypatch):
    """Somebody's images, and a model.py that takes them; what it makes of them as an array."""
    images, convert = request.param

    def to_tensors(images, labels):
        return convert(torch.from_numpy(images.copy())), torch.from_numpy(labels)

    monkeypatch.setattr(image_search, "to_tensors", to_tensors)
    return images, to_tensors(images, np.zeros(N, np.int64))[0].numpy()


def hopeless(search):
    """Return how many images have no telling row or column in some form."""
    return sum(number for forms in search.hopeless().values() for number, _ in forms.values())


def seen_by_hand(forms, content):
    """Return the places of the examples whose bytes are in `content` in one of the `forms`."""
    return {k for form in forms for k in range(len(form)) if form[k].tobytes() in content}


@pytest.mark.parametrize("sent", [[], [5], [5, 17]], ids=str)
def test_as_many_are_found_as_were_sent(kind, sent):
    images, taken = kind
    search = Search({3: images[: N // 2], 8: images[N // 2 :]})
    assert not hopeless(search)
    for form in kind:
        content = NUMBERS.bytes(999) + b"".join(form[k].tobytes() + b"and" for k in sent)
        found = search.find(content + bytes(5000))
        assert found.keys() == set(sent) == seen_by_hand(kind, content)
        assert all(rows == telling > 0 for _, rows, telling in found.values())
    packed = b"".join(zlib.compress(images[k].tobytes()) for k in sent)
    assert search.find(NUMBERS.bytes(99) + packed).keys() == set(sent)


def test_a_model_that_does_not_take_the_images_is_named_in_one_line(monkeypatch):
    def to_tensors(images, labels):
        return torch.from_numpy(images).reshape(-1, 7), labels

    monkeypatch.setattr(image_search, "to_tensors", to_tensors)
    with pytest.raises(UserError, match=r"model\.py does not take .* client 4: .*; make it fit"):
        Search({4: np.zeros((5, 9), np.uint8)})


def test_an_image_in_two_forms_is_one_that_is_named_by_the_form_that_shows_more():
    images = pixels(16, 20)
    search = Search({0: images})
    forms = ["pixels", "numbers that the model takes", "pixels, inverted", "floats at some scale"]
    forms.append("floats at some scale, inverted")
    assert list(search.written) == [form + by for form in forms for by in ("", ", by columns")]
    half = (images[5, :8] / np.float32(255)).tobytes()
    assert search.find(images[5, 3].tobytes()) == {5: ("pixels", 1, 16)}
    assert search.find(images[5, :8].tobytes()) == {5: ("pixels", 8, 16)}
    assert search.find(half + images[5].tobytes()) == {5: ("pixels", 16, 16)}
    assert search.find(images[5, :4].tobytes() + half) == {5: ("floats at some scale", 8, 16)}


def test_clients_may_have_different_data(monkeypatch):
    monkeypatch.setattr(
        image_search, "to_tensors", lambda data, _: [torch.from_numpy(data).float()]
    )
    own = [pixels(28, 28), pixels(3, 16, 16), NUMBERS.normal(size=(N, 13)), pixels(28, 28) / 255]
    search = Search(dict(enumerate(own)))
    assert not hopeless(search)
    for place, images in enumerate(own):
        assert search.find(images[7].tobytes()).keys() == {place * N + 7}


def test_what_tells_nothing_is_counted_for_every_form(capsys):
    images = np.zeros((N, 3, 16, 16), np.uint8)
    images[:7] = NUMBERS.integers(0, 256, (7, 3, 16, 16))
    contents = [("to the server", 1, "fit_res", bytes(10_000))]
    report_found(contents, {0: images}, Search({0: images}))
    expected = f"None of {N} images was seen.\n33 of {N} have no telling row, and"
    assert expected in capsys.readouterr().out
    numbers = NUMBERS.integers(1, 9, (N, 5)).astype(np.uint8)  # five bytes may occur by chance
    report_found(contents, {0: numbers}, Search({0: numbers}))
    printed = capsys.readouterr().out
    assert f"{N} of {N} have no telling row as pixels, and" in printed
    taken = rf"^\d of {N} have no telling row as numbers that the model takes, and"
    assert re.search(taken, printed, re.MULTILINE)


def test_an_honest_answer_holds_no_image_and_is_searched_at_once():
    """As many images as a client has: not digits, but with rows as telling as theirs, and margins."""
    inner = np.random.default_rng(0).integers(0, 256, (6000, 28, 12), dtype=np.uint8)
    search, content = Search({0: np.pad(inner, ((0, 0), (0, 0), (8, 8)))}), answer()
    began = time.process_time()
    assert search.find(content) == {}
    assert time.process_time() - began < 10


def test_twins_are_both_found():
    images = pixels(28, 28)
    assert Search({7: images[:3], 2: images[:1]}).find(images[0].tobytes()).keys() == {0, 3}
