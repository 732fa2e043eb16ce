"""The roll call where clients are nodes: Flower says who is online, and nobody hangs up."""

import math
import time

from support.identity import name_of, reason_in, who
from support.roll_call import RollCall
from support.terminal import say

PAUSE = 5.0  # seconds after which those who do not take part are asked again


class NodeRollCall(RollCall):
    """A RollCall for `start_grid`. While it waits for clients, it asks those again that it could not let in.

    A node that has just been started may be too slow to answer in time; and one that replaces another is
    refused until Flower notices, some 40 s later, that the other has died.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.asked = set()  # identifiers of those who have not said yet who they are
        self.reasons = {}  # identifier -> the last reason that was said why it does not take part

    def register(self, client):
        """Take in a node that has come online."""
        with self.lock:
            self.asked.add(client.cid)
        return super().register(client)

    def gather(self, server_round, first_round):
        """See who is online, ask those again who do not take part, and wait as for any round."""
        self._ask_again()
        super().gather(server_round, first_round)

    def wait_for(self, num_clients, timeout=None):
        """Wait for clients, and ask others again meanwhile; return whether enough have come in time."""
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while not super().wait_for(num_clients, min(PAUSE, max(0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return False
            self._ask_again()
        return True

    def dismiss(self):
        """Do nothing: there is no connection to hang up."""

    def _ask_again(self):
        self.num_available()  # start_grid has wrapped it: it brings the list of nodes up to date
        with self.lock:
            known = self.asked | self.clients.keys()
            outsiders = [client for cid, client in self.connected.items() if cid not in known]
        for client in outsiders:
            self.register(client)

    def welcome(self, client):
        """Ask a node who it is; it may be asked again after that."""
        super().welcome(client)
        with self.lock:
            self.asked.discard(client.cid)

    def announce_refusal(self, client, reason):
        """Say that a node may not take part, once for each reason."""
        if self._say_once(client, f"{name_of(client)} refused: {reason}"):
            self.tell("refused", **who(client), reason=reason)

    def has_failed(self, client, error):
        """Say why a node cannot take part, once for each reason."""
        reason = reason_in(error) or " ".join(str(error).split())
        self._say_once(client, f"Node {client.cid} cannot take part: {reason}")

    def _say_once(self, client, line):
        """Say `line` unless it was the last about this client; return whether it was said."""
        is_news = self.reasons.get(client.cid) != line
        if is_news:
            self.reasons[client.cid] = line
            say(line)
        return is_news
