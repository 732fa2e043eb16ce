"""A strategy around a strategy that lets only updates without a fault reach the average."""

from support.command_line import RunError
from support.identity import name_of, order_of, why_silent
from support.strategy_around import StrategyAround
from support.terminal import say
from support.update_checks import find_fault

import dataclasses

import numpy as np
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays

AVERAGED = "averaged"  # in the metrics of aggregate_fit: how many updates got in


class SoundUpdates(StrategyAround):
    """Hands on the sound updates, in the order of their partitions, and returns the model's own dtypes.

    The order matters: sums of floats depend on it, and clients answer in a different one every time. A round
    without a sound update leaves the model, and the memory of the strategy inside, as they are.
    `max_examples` and `trained` are what find_fault takes. `faults` are those of the last round,
    [(ClientProxy, what its update does), ...].
    """

    def __init__(self, strategy, max_examples, trained=None):
        super().__init__(strategy)
        self.max_examples = max_examples
        self.trained = trained
        self.faults = []

    def configure_fit(self, server_round, parameters, client_manager):
        """Pass on, and remember who is asked and which weights they are sent."""
        instructions = super().configure_fit(server_round, parameters, client_manager)
        self.asked = [client for client, _ in instructions]
        self.sent_weights = parameters_to_ndarrays(parameters)
        return instructions

    def aggregate_fit(self, server_round, results, failures):
        """Check the updates and pass the sound ones on; the metrics say how many they are.

        Raises RunError if the strategy's step leads to weights that are no numbers.
        """
        self.report_silence(server_round, results)
        self.faults = []
        sound = [result for result in results if self._is_sound(server_round, *result)]
        sound.sort(key=lambda result: order_of(result[0]))
        if not sound:
            say(f"Round {server_round}: no update could be used; the global model stays as it was")
            return None, {AVERAGED: 0}
        if not all(_is_averageable(array) for array in self.sent_weights):
            sound = [(client, _in_floats(fit_result)) for client, fit_result in sound]
        parameters, metrics = super().aggregate_fit(server_round, sound, failures)
        if parameters is None:
            return None, {**metrics, AVERAGED: 0}
        return self.in_the_models_types(server_round, parameters), {
            **metrics,
            AVERAGED: len(sound),
        }

    def report_silence(self, server_round, results):
        answered = {client.cid for client, _ in results}
        for client in self.asked:
            if client.cid not in answered:
                say(f"Round {server_round}: no update from {name_of(client)}; {why_silent(client)}")

    def _is_sound(self, server_round, client, fit_result):
        fault = find_fault(fit_result, self.sent_weights, self.max_examples, self.trained)
        if fault:
            self.faults.append((client, fault))
            say(f"Round {server_round}: left out the update from {name_of(client)}: it {fault}")
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
