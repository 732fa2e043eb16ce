"""Flower's client manager, with a roll call: it asks every client who it is and says who has come.

Flower gives each connection a random identifier and waits for clients in silence. Here a client is known
by the number of its partition, so that people see who is missing, and so that nothing random (which client
connected first, which answered first) reaches the arithmetic: one seed, one result.
"""

import random
import threading

from flwr.common import GetPropertiesIns
from flwr.server.client_manager import SimpleClientManager

ANSWER_WITHIN = 60.0  # seconds that a new client has to say who it is


class RollCall(SimpleClientManager):
    """Knows every client's partition and announces arrivals and departures.

    `expected` is the number of clients that the run waits for, `seed` decides who is sampled when a round
    needs fewer clients than there are.
    """

    def __init__(self, expected, seed):
        super().__init__()
        self.expected = expected
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.connected = set()  # identifiers of open connections, before and after the roll call
        self.partition_ids = {}  # identifier -> partition, kept after a client has left

    def register(self, client):
        """Take a new connection in. Flower calls this before it can deliver any message to the client."""
        with self.lock:
            self.connected.add(client.cid)
        threading.Thread(target=self._welcome, args=(client,), daemon=True).start()
        return True

    def unregister(self, client):
        """Note that a connection has ended."""
        with self.lock:
            self.connected.discard(client.cid)
            was_here = client.cid in self.clients
            super().unregister(client)
        if was_here:
            self._announce(f"Client {self.partition_ids[client.cid]} left")

    def sample(self, num_clients, min_num_clients=None, criterion=None):
        """Wait for enough clients, then choose `num_clients` of them, in the order of their partitions."""
        needed = min_num_clients or num_clients
        if len(self) < needed:
            print(f"Waiting for clients: {len(self)} of {self.expected} are here")
        self.wait_for(needed)
        with self.lock:
            present = sorted(self.clients.values(), key=self.partition_id)
        chosen = [client for client in present if criterion is None or criterion.select(client)]
        if num_clients > len(chosen):
            return []
        return sorted(self.random.sample(chosen, num_clients), key=self.partition_id)

    def partition_id(self, client):
        """Return the partition number that `client` gave when it joined."""
        return self.partition_ids[client.cid]

    def _welcome(self, client):
        question = GetPropertiesIns(config={})
        try:
            answer = client.get_properties(question, timeout=ANSWER_WITHIN, group_id=None)
        except Exception:  # it hung up before it answered: nobody has joined
            return
        with self.lock:
            if client.cid not in self.connected:
                return
            self.partition_ids[client.cid] = answer.properties["partition_id"]
            super().register(client)
        self._announce(f"Client {self.partition_id(client)} joined")

    def _announce(self, event):
        print(f"{event}: {len(self)} of {self.expected} clients")
