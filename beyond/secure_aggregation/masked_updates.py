"""What is left of the checks when the server sees no update: counts, and the average of all."""

import dataclasses

from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays

from support.identity import name_of, order_of, who, why_silent
from support.sound_updates import AVERAGED, SoundUpdates, find_fault
from support.terminal import say

REFUSED_ROUND = "refused_round"  # the property of a client that has refused a round: its number


class MaskedUpdates(SoundUpdates):
    """Lets the average of a round pass, or nothing: what one client has spoiled cannot be taken out again.

    Flower hands over a result for every client. Its count is the client's own; its weights are the
    average of all, because there are no others.
    """

    def aggregate_fit(self, server_round, results, failures):
        """Pass the average on if it is sound and all counts are; the metrics say how many are in it."""
        self.report_silence(server_round, results)
        results = [(client, self._in_sent_types(fit_result)) for client, fit_result in results]
        results.sort(key=lambda result: order_of(result[0]))
        if fault := self._fault(results):
            say(f"Round {server_round}: {fault}; no update is used, the model stays as it was")
            return None, {AVERAGED: 0}
        parameters, metrics = self.strategy.aggregate_fit(server_round, results, failures)
        parameters = self.in_the_models_types(server_round, parameters)
        return parameters, {**metrics, AVERAGED: len(results)}

    def report_silence(self, server_round, results):
        """Report those who are silent without having said why."""
        refused = [c for c in self.asked if c.properties.get(REFUSED_ROUND) == server_round]
        for client in refused:
            reason = why_silent(client)
            self.tell("missing", round=server_round, **who(client), reason=reason)
        self.asked = [client for client in self.asked if client not in refused]
        super().report_silence(server_round, results)

    def _in_sent_types(self, fit_result):
        pairs = zip(parameters_to_ndarrays(fit_result.parameters), self.sent_weights, strict=True)
        weights = [array.astype(sent.dtype) for array, sent in pairs]
        return dataclasses.replace(fit_result, parameters=ndarrays_to_parameters(weights))

    def _fault(self, results):
        """Return what is wrong with the average, or with a client's count; None if nothing is."""
        average = dataclasses.replace(results[0][1], num_examples=1)
        if fault := find_fault(average, self.sent_weights, 1, self.trained):
            return f"the average {fault}"
        for client, fit_result in results:
            fault = find_fault(fit_result, self.sent_weights, self.max_examples, self.trained)
            if fault:
                return f"{name_of(client)} {fault}"
        return None
