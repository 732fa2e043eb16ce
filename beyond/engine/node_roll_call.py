"""The roll call where clients are nodes: Flower says who is online, and nobody hangs up."""

from support.roll_call import RollCall
from support.terminal import say

import re

REASON = re.compile(r"<'(.*)'>", re.DOTALL)  # how Flower wraps what a ClientApp has raised


class NodeRollCall(RollCall):
    """A RollCall for `start_grid`. Whom it could not let in, it asks again before every round.

    A node that came in the place of one that died is refused until Flower, some 40 s later, notices that.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.asked = set()  # identifiers of those who are to say who they are

    def register(self, client):
        """Take a node in that has come online."""
        with self.lock:
            self.asked.add(client.cid)
        return super().register(client)

    def gather(self, server_round, first_round):
        """Look who is online, ask those again who do not take part, and wait as for any round."""
        self.num_available()  # start_grid has wrapped it: it brings the list of nodes up to date
        for client in self._outsiders():
            self.register(client)
        super().gather(server_round, first_round)

    def dismiss(self):
        """Do nothing: there is no connection to hang up."""

    def _outsiders(self):
        with self.lock:
            known = self.asked | self.clients.keys()
            return [client for cid, client in self.connected.items() if cid not in known]

    def _welcome(self, client):
        super()._welcome(client)
        with self.lock:
            self.asked.discard(client.cid)

    def _has_failed(self, client, error):
        found = REASON.search(str(error))
        reason = " ".join((found.group(1) if found else str(error)).split())
        say(f"Node {client.cid} cannot take part: {reason}")
