"""A strategy around a strategy that lets only updates without a fault reach the average.

The server cannot see how a client made its update, but it can refuse what no honest client sends. This
stops accidents and crude attacks, and no attacker who stays within these bounds.
"""

import dataclasses
from itertools import compress

import numpy as np
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays

from support.command_line import RunError
from support.events import tell_nothing
from support.identity import name_of, order_of, who, why_silent
from support.strategy_around import StrategyAround
from support.terminal import say

AVERAGED = "averaged"  # in the metrics of aggregate_fit: how many updates got in
# An update may lie no farther from the global model than this many times the global model's own length
# (L2 norm over all that is trained). The measure is the model itself, so one client's lie cannot move the
# bound for the others. Honest training comes nearest to it in round 1, when the model is short and everything
# moves: 1.8 in our lesson, 4.6 in the wildest we made (6,000 images, five epochs, batches of 10, a rate at
# which training nearly diverges). A client with one digit only, or ten images, moves less, not more.
MAX_RELATIVE_DISTANCE = 10.0


class SoundUpdates(StrategyAround):
    """Passes the sound updates on, in the order of their partitions, and returns the model's own dtypes.

    The order matters: sums of floats depend on it, and clients answer in a different one every time. A round
    without a sound update leaves the model, and the memory of the strategy inside, as they are, unless that
    is private: then it is asked all the same.
    `max_examples` and `trained` are what find_fault takes; `tell`, an EventLog's, is told whose update is
    missing or left out.
    """

    def __init__(self, strategy, max_examples, trained=None, tell=tell_nothing):
        super().__init__(strategy)
        self.max_examples = max_examples
        self.trained = trained
        self.tell = tell

    def configure_fit(self, server_round, parameters, client_manager):
        """Pass on, and remember who is asked and which weights they are sent."""
        instructions = self.strategy.configure_fit(server_round, parameters, client_manager)
        self.asked = [client for client, _ in instructions]
        self.sent_weights = parameters_to_ndarrays(parameters)
        return instructions

    def aggregate_fit(self, server_round, results, failures):
        """Check the updates and pass the sound ones on; the metrics say how many they are.

        Raises RunError if the strategy's step leads to weights that are no numbers.
        """
        self.report_silence(server_round, results)
        sound = [result for result in results if self._is_sound(server_round, *result)]
        sound.sort(key=lambda result: order_of(result[0]))
        if not sound and not self.is_private:
            say(f"Round {server_round}: no update could be used; the global model stays as it was")
            return None, {AVERAGED: 0}
        if not all(map(_is_averageable, self.sent_weights)):
            sound = [(client, _in_floats(fit_result)) for client, fit_result in sound]
        parameters, metrics = self.strategy.aggregate_fit(server_round, sound, failures)
        if parameters is None:
            return None, {**metrics, AVERAGED: 0}
        parameters = self.in_the_models_types(server_round, parameters)
        return parameters, {**metrics, AVERAGED: len(sound)}

    def report_silence(self, server_round, results):
        """Say which of the clients that were asked have sent nothing, and why."""
        answered = {client.cid for client, _ in results}
        for client in self.asked:
            if client.cid not in answered:
                reason = why_silent(client)
                say(f"Round {server_round}: no update from {name_of(client)}; {reason}")
                self.tell("missing", round=server_round, **who(client), reason=reason)

    def _is_sound(self, server_round, client, fit_result):
        fault = find_fault(fit_result, self.sent_weights, self.max_examples, self.trained)
        if fault and self.is_private:  # a distance, say, would be told without noise
            fault = "has a fault, and a private run does not tell which"
        if fault:
            say(f"Round {server_round}: left out the update from {name_of(client)}: it {fault}")
            self.tell("left_out", round=server_round, **who(client), reason=f"it {fault}")
        return not fault

    def in_the_models_types(self, server_round, parameters):
        """Return `parameters` with the dtypes that were sent: averages come in float64, counters too."""
        pairs = zip(parameters_to_ndarrays(parameters), self.sent_weights, strict=True)
        weights = [_as_type(array, sent.dtype) for array, sent in pairs]
        if not all(np.isfinite(array).all() for array in weights):
            raise RunError(
                f"round {server_round} made weights that are NaN or infinite; try a smaller learning rate"
            )
        return ndarrays_to_parameters(weights)


def _is_averageable(array):
    return np.issubdtype(array.dtype, np.inexact)


def _in_floats(fit_result):
    """Return a FitRes with floats for integers and bools, such as a counter of batches or a mask.

    Flower's FedAvg multiplies in place, where a weight below 1 is 0 to an integer.
    """
    arrays = parameters_to_ndarrays(fit_result.parameters)
    floats = [array if _is_averageable(array) else array.astype(np.float64) for array in arrays]
    return dataclasses.replace(fit_result, parameters=ndarrays_to_parameters(floats))


def _as_type(array, dtype):
    if not np.issubdtype(dtype, np.inexact):
        array = np.rint(array)  # of bools: what most examples stand for
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype)


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
            return f"has a {type(array).__name__} in place of array {position}"
        if array.dtype != wanted.dtype or array.shape != wanted.shape:
            found = f"{array.dtype} {array.shape}"
            return f"has an array {position} of {found}, not {wanted.dtype} {wanted.shape}"
        if not np.isfinite(array).all():
            return f"has NaN or infinity in array {position}"
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
