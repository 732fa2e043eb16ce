"""A server that singles a client out and keeps every step of the protocol, for the page to show.

The masks hold. What they hide an update among does not: others are told to learn nothing, or are asked twice.
Each round is another attack (Pasquini et al. 2021, https://arxiv.org/abs/2111.07380, for the last). What the
server takes for the client's update goes to opened_1.npz, opened_2.npz, ... in the directory of the run.
"""

import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from flwr.app import ConfigRecord, RecordDict
from flwr.client.mod import secaggplus_mod
from flwr.clientapp import ClientApp
from flwr.common import FitIns, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_CONFIGS, Key, Stage
from flwr.server.workflow.constant import MAIN_PARAMS_RECORD
from flwr.serverapp import ServerApp

from beyond.engine.apps import make_client
from beyond.engine.grid_around import GridAround
from beyond.engine.packed_messages import packing_mod
from beyond.secure_aggregation.app import run
from beyond.secure_aggregation.server import Workflow, make_workflow, round_of
from support.files import replaced_file
from support.identity import number_of
from support.strategy_around import StrategyAround

FC1_WEIGHT, FC1_BIAS = 4, 5  # of the lesson's arrays


class Attack(NamedTuple):
    """What a server does to read the update of one client in the sum."""

    words: str
    to_all: dict = {}  # changes to the instructions of all clients
    others: dict = {}  # to those of all others
    settings: dict = {}  # to the others' settings of the protocol
    again: int | None = None  # how many rounds later it asks again, without its client
    kills_a_layer: bool = False  # of the model that it sends to the others


ATTACKS = (
    Attack("the others get learning rate 0", others={"learning_rate": 0.0}),
    Attack("the others get `max_weight` 10¹²", settings={Key.MAX_WEIGHT: 1e12}),
    Attack("the same round again, without the client", again=0),
    Attack("the others get learning rate 0.0001", others={"learning_rate": 1e-4}),
    Attack("the next round from the same model, without the client", again=1),
    Attack("the next round from the same model, one large step, without the client",
           to_all={"batch_size": 60_000, "learning_rate": 0.5}, again=1),
    Attack("the others get a model with a dead layer (all but ten weights)", kills_a_layer=True),
)  # fmt: skip


class TargetedWorkflow(Workflow):
    """Our workflow, with an attack in every round; `victim` is a client's number."""

    def __call__(self, grid, context):
        """Run the round once or twice, and write what the sums tell of the victim."""
        number, honest = round_of(context), context.strategy
        attack = ATTACKS[number - 1]
        asked = [Tampered(honest, attack, self.victim, 2 * number - 1)]
        if attack.again is not None:
            server_round = asked[0].server_round + attack.again
            asked.append(Tampered(honest, attack, self.victim, server_round, is_there=False))
        model = context.state.array_records[MAIN_PARAMS_RECORD]
        for strategy in asked:
            context.strategy = strategy
            context.state.array_records[MAIN_PARAMS_RECORD] = model  # the same each time
            super().__call__(Meddler(grid, strategy), context)
        context.strategy = honest
        if all(strategy.average for strategy in asked):
            path = Path(self.directory, f"opened_{number}.npz")
            write_opened(path, asked[0], opened(attack, *asked))


class Tampered(StrategyAround):
    """Changes what the clients of a round are asked, and keeps what comes out of it."""

    def __init__(self, strategy, attack, victim, server_round, is_there=True):
        super().__init__(strategy)
        self.attack, self.victim, self.is_there = attack, victim, is_there
        self.server_round = server_round
        self.average = None  # a list of arrays,
        self.counts = {}  # and how many images each client has in it, in the clear

    def configure_fit(self, server_round, parameters, client_manager):
        """Return who is asked, with instructions of their own for the victim and for the others."""
        asked = self.strategy.configure_fit(server_round, parameters, client_manager)
        self.sent = parameters_to_ndarrays(parameters)
        victims = [client for client, _ in asked if number_of(client) == self.victim]
        self.spared = {client.node_id for client in victims}
        return [
            (client, self._changed(instructions, client in victims))
            for client, instructions in asked
            if self.is_there or client not in victims
        ]

    def _changed(self, instructions, is_victim):
        config = {**instructions.config, "server_round": self.server_round, **self.attack.to_all}
        if is_victim:
            self.config = config
            return FitIns(instructions.parameters, config)
        return FitIns(ndarrays_to_parameters(self.sent_to_others()), config | self.attack.others)

    def sent_to_others(self):
        """Return the model that all but the victim are sent."""
        weights = list(self.sent)
        if self.attack.kills_a_layer:  # and with it every gradient but that of the last ten biases
            weights[FC1_WEIGHT] = np.zeros_like(self.sent[FC1_WEIGHT])
            weights[FC1_BIAS] = np.full_like(self.sent[FC1_BIAS], -1)
        return weights

    def aggregate_fit(self, server_round, results, failures):
        """Keep the average, and pass it on."""
        self.average = parameters_to_ndarrays(results[0][1].parameters)
        self.counts = {number_of(client): result.num_examples for client, result in results}
        return self.strategy.aggregate_fit(server_round, results, failures)

    def total(self):
        """Return the sum of all clients' weights times images."""
        are_all_in = not self.attack.settings
        images = sum(self.counts.values()) if are_all_in else self.counts[self.victim]
        return [images * array for array in self.average]


def opened(attack, first, second=None):
    """Return what the victim's update is, if all that the others have sent is what the server expects."""
    own = first.counts[first.victim]
    if second:
        others = second.total()
    else:
        images = 0 if attack.settings else sum(first.counts.values()) - own
        others = [images * array for array in first.sent_to_others()]
    arrays = zip(first.total(), others, first.sent, strict=True)
    return [(total - other) / own - sent for total, other, sent in arrays]


def write_opened(path, asked, update):
    """Write what the victim was sent, and the update that the server takes for its own, to `path`."""
    arrays = {f"sent_{place}": array for place, array in enumerate(asked.sent)}
    arrays |= {f"update_{place}": array for place, array in enumerate(update)}
    with replaced_file(path) as file:
        np.savez(file, victim=asked.victim, config=json.dumps(asked.config), **arrays)


class Meddler(GridAround):
    """Passes messages on to `grid`, with other settings of the protocol for all but the victim."""

    def __init__(self, grid, strategy):
        super().__init__(grid)
        self.strategy = strategy

    def send_and_receive(self, messages, *, timeout=None):
        """Return the replies."""
        messages = list(messages)
        for message in messages:
            asked = message.content.config_records[RECORD_KEY_CONFIGS]
            is_spared = message.metadata.dst_node_id in self.strategy.spared
            if asked[Key.STAGE] == Stage.SETUP and not is_spared:
                changed = ConfigRecord({**asked, **self.strategy.attack.settings})
                message.content = RecordDict({RECORD_KEY_CONFIGS: changed})
        return self.grid.send_and_receive(messages, timeout=timeout)


def make_targeted_workflow(args, timeout):
    """Return the TargetedWorkflow that `args` ask for."""
    workflow = make_workflow(args, timeout, TargetedWorkflow)
    workflow.directory, workflow.victim = args.run, args.single_out
    return workflow


server_app = ServerApp()
server_app.main()(partial(run, make_workflow=make_targeted_workflow))
trusting_app = ClientApp(client_fn=make_client, mods=[packing_mod, secaggplus_mod])
