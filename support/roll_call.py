"""Flower's client manager, with a roll call: it asks every client who it is and says who has come.

Flower waits for clients in silence. Here a client is known by the number of its partition: people see who is
missing, no client counts twice, and nothing random (who connected first, who answered first) reaches the
arithmetic: one seed, one result.
"""

import random
import threading
import time

from flwr.server.client_manager import SimpleClientManager

from support.events import tell_nothing
from support.identity import learn_number, name_of, number_of, order_of, refuse, send_home, who
from support.terminal import say

GOODBYE = 3.0  # seconds to dismiss clients that come when all is over


class RollCall(SimpleClientManager):
    """Knows every client's partition and announces arrivals and departures.

    A run begins when `expected` clients are there (or, after `patience` seconds, `needed`), and goes on
    while `needed` are. `seed` decides who is sampled when a round takes only some of them. `tell`, an
    EventLog's, is told who comes and goes.
    """

    def __init__(self, expected, needed, seed, patience=None, tell=tell_nothing):
        super().__init__()
        self.expected = expected
        self.needed = needed
        self.seed = seed
        self.patience = patience
        self.tell = tell
        self.lock = threading.Lock()
        self.connected = {}  # identifier -> client, before and after the roll call
        self.welcomes = []  # the threads that ask clients who they are
        self.is_over = False

    def register(self, client):
        """Take a new connection in. Flower calls this before it can deliver messages to the client."""
        welcome = threading.Thread(target=self.welcome, args=(client,), daemon=True)
        with self.lock:
            self.connected[client.cid] = client
            welcome.start()
            self.welcomes = [*filter(threading.Thread.is_alive, self.welcomes), welcome]
        return True

    def unregister(self, client):
        """Note that a connection has ended."""
        with self.lock:
            self.connected.pop(client.cid, None)
            if client.cid in self.clients:
                super().unregister(client)
                self._announce(client, "left", len(self))

    def gather(self, server_round, first_round):
        """Wait for the clients of a round: all that are expected in the first, enough in later ones."""
        self.random = random.Random(f"{self.seed} {server_round}")  # the same, whatever was before
        if first_round:
            self._wait_aloud(self.expected, self.patience)
        self._wait_aloud(self.needed)

    def sample(self, num_clients, min_num_clients=None, criterion=None):
        """Wait for enough clients, then choose `num_clients`; the answer is ordered by partition."""
        self._wait_aloud(min_num_clients or num_clients)
        with self.lock:
            present = sorted(self.clients.values(), key=order_of)
        chosen = [client for client in present if criterion is None or criterion.select(client)]
        count = min(num_clients, len(chosen))  # some may have left meanwhile
        return sorted(self.random.sample(chosen, count), key=order_of)

    def close(self):
        """Stop admitting clients, and dismiss those that are still being identified."""
        self.is_over = True
        deadline = time.monotonic() + GOODBYE
        for welcome in self.welcomes:
            welcome.join(max(0.0, deadline - time.monotonic()))

    def dismiss(self):
        """Close the connections of all clients that are left."""
        for client in list(self.connected.values()):
            client.bridge.close()

    def welcome(self, client):
        """Ask `client` who it is, and admit or dismiss it."""
        try:
            learn_number(client)
            if self.is_over:
                send_home(client)
                return
            if reason := self._admit(client):
                self.announce_refusal(client, reason)
                refuse(client, reason)
        except Exception as error:  # whatever has failed, no client has joined
            self.has_failed(client, error)

    def announce_refusal(self, client, reason):
        """Say on the terminal and in the events that `client` may not take part."""
        say(f"{name_of(client)} refused: {reason}")
        self.tell("refused", **who(client), reason=reason)

    def has_failed(self, client, error):
        """Do nothing about a connection that has failed: a port scanner makes some, too."""

    def _admit(self, client):
        """Admit `client`, or return the reason why not."""
        number = number_of(client)
        with self.lock:
            taken = {number_of(present) for present in self.clients.values()} - {None}
            if number in taken:
                return f"client {number} takes part already"
            if len(self) >= self.expected or (number or 0) >= self.expected:
                last = self.expected - 1
                return f"the server has --clients {self.expected}: 0 to {last}; start it with more"
            if client.cid in self.connected:  # it may have hung up meanwhile
                self._announce(client, "joined", len(self) + 1)
                super().register(client)
            return None

    def _wait_aloud(self, needed, patience=None):
        if len(self) < needed:
            say(f"Waiting for clients: {len(self)} of {self.expected} are here, {needed} needed")
            self.tell("waiting", here=len(self), expected=self.expected, needed=needed)
            self.wait_for(needed, patience)

    def _announce(self, client, event, present):
        say(f"{name_of(client)} {event}: {present} of {self.expected} clients")
        self.tell(event, **who(client), here=present, expected=self.expected)
