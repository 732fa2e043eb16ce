"""What the chapter takes for the server's view would be the update itself, were there no masks."""

import numpy as np
from flwr.common.secure_aggregation.quantization import quantize

from beyond.attacks.leakage import owned_digits
from beyond.attacks.updates import fresh_weights, update_of
from beyond.secure_aggregation.shares import CLIPPING, INTEGERS
from beyond.secure_aggregation.view import as_update

PART = 0.1


def test_without_masks_the_servers_view_is_the_update(mnist, one_thread):
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
    flat = [
        np.concatenate([a.ravel() for a in arrays])
        for arrays in (as_update(masked, sent, PART), update)
    ]
    assert abs(np.corrcoef(*flat)[0, 1]) < 5 * 0.0047
