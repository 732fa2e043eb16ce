"""What the chapter takes for the server's view would be the update itself, were there no masks."""

from types import SimpleNamespace

import numpy as np
import pytest
from flwr.common.secure_aggregation.quantization import quantize

from beyond.attacks.leakage import owned_digits
from beyond.attacks.updates import fresh_weights, update_of
from beyond.secure_aggregation.curious import BYTES, COLUMNS
from beyond.secure_aggregation.shares import CLIPPING, INTEGERS, check_shares
from beyond.secure_aggregation.view import as_update, masked_upload
from support.tables import write_table

PART = 0.1


def test_without_masks_the_servers_view_is_the_update(mnist):
    chosen = np.isin(mnist.labels[:2000], [2, 7])
    images, labels = mnist.images[:2000][chosen], mnist.labels[:2000][chosen]
    sent = fresh_weights(0)
    update = update_of(sent, images, labels.astype(np.int64))
    weights = [(old + change) * PART for old, change in zip(sent, update, strict=True)]
    integers = [array.astype(np.int64) for array in quantize(weights, CLIPPING, INTEGERS)]
    seen = as_update(integers, sent, PART)
    for array, expected in zip(seen, update, strict=True):
        np.testing.assert_allclose(array, expected, rtol=0, atol=1e-4)
    assert owned_digits(seen) == owned_digits(update) == {2, 7}
    masks = [np.random.default_rng(0).integers(0, 2**32, array.shape) for array in integers]
    masked = [(array + mask) % 2**32 for array, mask in zip(integers, masks, strict=True)]
    pair = (as_update(masked, sent, PART), update)
    flat = [np.concatenate([array.ravel() for array in arrays]) for arrays in pair]
    assert abs(np.corrcoef(*flat)[0, 1]) < 5 * 0.0047


def test_an_upload_is_a_clients_part_of_all_stages(tmp_path):
    rows = [["setup", 4, 4, 100, 400], ["unmask", 4, 3, 100, 90]]
    write_table(tmp_path / BYTES, COLUMNS, rows)
    assert masked_upload(tmp_path) == 100 + 30


@pytest.mark.parametrize(("clients", "shares"), [(5, 5), (8, 8), (11, 11), (30, 11)])
def test_a_client_makes_as_many_shares_as_there_are_clients_and_eleven_at_most(clients, shares):
    args = SimpleNamespace(clients=clients, shares=None)
    check_shares(args)
    assert args.shares == shares
