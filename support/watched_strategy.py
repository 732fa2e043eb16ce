"""A strategy around a strategy that tells what is sent to whom, what comes back, and what becomes of it."""

from support.identity import FAILURE, name_of, number_of, reason_in, why_silent
from support.sound_updates import AVERAGED
from support.strategy_around import StrategyAround

import time


class WatchedStrategy(StrategyAround):
    """Tells `events`, an EventLog, about every round of `strategy`, a SoundUpdates."""

    def __init__(self, strategy, events):
        super().__init__(strategy)
        self.events = events

    def configure_fit(self, server_round, parameters, client_manager):
        """Pass on, and look over the shoulder of every client that is asked."""
        instructions = super().configure_fit(server_round, parameters, client_manager)
        self.asked = [client for client, _ in instructions]
        self.events.tell("round", round=server_round, asked=[number_of(one) for one in self.asked])
        watched = [WatchedClient(one, self.events, server_round) for one in self.asked]
        return [(client, fit) for client, (_, fit) in zip(watched, instructions, strict=True)]

    def aggregate_fit(self, server_round, results, failures):
        """Pass on, and tell whose update is missing or was left out, and how many were averaged."""
        answered = {client.cid for client, _ in results}
        for client in self.asked:
            if client.cid not in answered:
                self._tell("missing", server_round, client, why_silent(client))
        results = [(_unwatched(client), fit_result) for client, fit_result in results]
        parameters, metrics = super().aggregate_fit(server_round, results, failures)
        for client, fault in self.strategy.faults:
            self._tell("left_out", server_round, client, f"it {fault}")
        averaged = metrics.get(AVERAGED, len(results))
        self.events.tell("averaged", round=server_round, clients=averaged)
        return parameters, metrics

    def _tell(self, what, server_round, client, reason):
        self.events.tell(what, round=server_round, **who(client), reason=reason)


class WatchedClient:
    """A ClientProxy as it is, but that it tells when weights go to it, and when its update is here."""

    def __init__(self, client, events, server_round):
        self.client = client
        self.events = events
        self.server_round = server_round

    def __getattr__(self, name):
        return getattr(self.client, name)

    def fit(self, ins, timeout, group_id):
        """Send weights and wait for the update; keep why there is none, if the client says that."""
        common = {"round": self.server_round, **who(self.client)}
        began = time.monotonic()
        self.events.tell("sent", **common, bytes=payload_bytes(ins.parameters))
        self.properties[FAILURE] = ""
        try:
            answer = self.client.fit(ins, timeout=timeout, group_id=group_id)
        except Exception as error:
            self.properties[FAILURE] = reason_in(error) or ""
            raise
        self.events.tell(
            "received",
            **common,
            bytes=payload_bytes(answer.parameters),
            took=round(time.monotonic() - began, 3),
            images=answer.num_examples,
        )
        return answer


def _unwatched(client):
    return client.client if isinstance(client, WatchedClient) else client


def who(client):
    """Return what an event says of a ClientProxy: its number, or None, and what to call it."""
    return {"client": number_of(client), "name": name_of(client)}


def payload_bytes(parameters):
    """Return the size in bytes of serialized weights, as gRPC carries them."""
    return sum(len(tensor) for tensor in parameters.tensors)
