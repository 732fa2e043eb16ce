"""What an update must be before it may reach the average.

The server cannot see how a client made its update, but it can refuse what no honest client sends. This
stops accidents and crude attacks; an attacker who stays within these bounds is not stopped here.
"""

from itertools import compress

import numpy as np
from flwr.common import parameters_to_ndarrays

# An update may lie no farther from the global model than this many times the global model's own length
# (L2 norm over all that is trained). The measure is the model itself, so one client's lie cannot move the
# bound for the others. Honest training comes nearest to it in round 1, when the model is short and everything
# moves: 1.8 in our lesson, 4.6 in the wildest we made (6,000 images, five epochs, batches of 10, a rate at
# which training nearly diverges). A client with one digit only, or ten images, moves less, not more.
MAX_RELATIVE_DISTANCE = 10.0


def trained_arrays(model):
    """Return for every array in the state_dict of `model` whether it is a weight: a list of bools.

    The others are buffers, such as the statistics of batch normalisation. They follow the data, whose scale
    may be any: an honest client's mean of incomes lies 50,000 away from the 0 that it began with. So a
    buffer has no distance, and nothing bounds what a client makes of it. Frozen weights count as weights.
    """
    buffers = {name for name, _ in model.named_buffers(remove_duplicate=False)}
    return [name not in buffers for name in model.state_dict()]


def find_fault(fit_result, global_weights, max_examples, trained=None):
    """Return what is wrong with `fit_result` (a FitRes) in a few words, or None.

    `global_weights` is the list of NumPy arrays that the client was sent; `max_examples` the largest
    number of examples that one client may claim; `trained` is what trained_arrays says of the model. Without
    it every array counts as a weight.
    """
    count = fit_result.num_examples
    if type(count) is not int or count < 1:
        return f"claims {count} examples, not a whole number from 1 up"
    if count > max_examples:
        return f"claims {count} examples, more than the {max_examples} allowed"
    try:
        weights = parameters_to_ndarrays(fit_result.parameters)
    except Exception as error:  # the bytes are a stranger's: anything may be wrong with them
        return f"cannot be decoded ({type(error).__name__})"
    return _fault_in_weights(weights, global_weights, trained or [True] * len(global_weights))


def _fault_in_weights(weights, global_weights, trained):
    if len(weights) != len(global_weights):
        return f"has {len(weights)} arrays, not {len(global_weights)}"
    for position, (array, wanted) in enumerate(zip(weights, global_weights, strict=True)):
        if not isinstance(array, np.ndarray):  # an archive of arrays, say
            return f"array {position} is a {type(array).__name__}, not an array"
        if array.dtype != wanted.dtype or array.shape != wanted.shape:
            found = f"{array.dtype} {array.shape}"
            return f"array {position} is {found}, not {wanted.dtype} {wanted.shape}"
        if not np.isfinite(array).all():
            return f"array {position} holds NaN or infinity"
    pairs = zip(weights, global_weights, strict=True)
    return _fault_in_distance(list(compress(pairs, trained)))


def _fault_in_distance(pairs):
    limit = MAX_RELATIVE_DISTANCE * max(_length([wanted for _, wanted in pairs]), 1.0)
    # In 64 bits: the difference of two large numbers may be larger than either's type can hold.
    distance = _length(
        [array - wanted.astype(np.result_type(wanted, np.float64)) for array, wanted in pairs]
    )
    if distance > limit:
        return f"lies {distance:.3g} away from the global model, more than {limit:.3g}"
    return None


def _length(weights):
    """Return the L2 norm over all arrays."""
    return float(
        np.sqrt(sum(np.sum(np.square(np.abs(array), dtype=np.float64)) for array in weights))
    )
