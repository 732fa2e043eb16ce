"""A strategy around a strategy that turns FedAvg into a mechanism with a guarantee for every client."""

import numpy as np
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server.strategy import FedAvg

from beyond.differential_privacy.mechanism import difference, private_mean, system_normal
from support.command_line import UserError
from support.strategy_around import StrategyAround
from support.terminal import say


class PrivateAverage(StrategyAround):
    """Hands FedAvg one result instead of all: the model that was sent, plus the noisy mean update.

    Every client weighs 1, whatever it claims. `clients` is their number, which is public: were it the number
    of those who are here, it would itself tell who is. `clip` is the L2 length to which updates are cut.
    `record`, a PrivacyRecord, counts what is spent and says how much noise a round gets: on the mean it has
    the standard deviation noise_multiplier * clip / clients. Noise comes from the operating system;
    `noise_seed`, if it is not None, makes it repeatable, and who knows it can take it off again. Raises
    UserError if `strategy` is not FedAvg: a memory or a step of the server's own is not what epsilon is
    computed for.
    """

    is_private = True

    def __init__(self, strategy, clients, clip, record, noise_seed=None):
        if type(strategy) is not FedAvg:
            raise UserError(f"noise goes with FedAvg, not with {type(strategy).__name__}")
        super().__init__(strategy)
        self.clients = clients
        self.clip = clip
        self.record = record
        self.noise_seed = noise_seed

    def evaluate(self, server_round, parameters):
        """Pass on. Round 0 is evaluated when a run begins, not when it is resumed."""
        if server_round == 0:
            self.record.begin()
        return self.strategy.evaluate(server_round, parameters)

    def configure_fit(self, server_round, parameters, client_manager):
        """Pass on, and count the round before its weights leave, also if no client is asked."""
        instructions = self.strategy.configure_fit(server_round, parameters, client_manager)
        self.sent = parameters_to_ndarrays(parameters)
        self.noise_multiplier = self.record.spend(server_round, len(instructions))
        return instructions

    def aggregate_fit(self, server_round, results, failures):
        """Average in private. `results` are sound, and may be none; who is missing counts as zero."""
        if not results:
            say(f"Round {server_round}: no update could be used; the global model gets noise only")
        updates = [
            difference(parameters_to_ndarrays(fit_result.parameters), self.sent)
            for _, fit_result in results
        ]
        mean = private_mean(
            updates or [list(map(np.zeros_like, self.sent))],
            self.clients,
            self.clip,
            self.noise_multiplier,
            self._noise(server_round),
        )
        weights = [sent + change for sent, change in zip(self.sent, mean, strict=True)]
        noisy = FitRes(Status(Code.OK, "Success"), ndarrays_to_parameters(weights), 1, {})
        return self.strategy.aggregate_fit(server_round, [(None, noisy)], failures)

    def _noise(self, server_round):
        if self.noise_seed is None:
            return system_normal
        return np.random.default_rng([self.noise_seed, server_round]).standard_normal
