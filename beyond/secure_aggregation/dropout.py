"""A node that leaves in the middle of a round, for the page to show what becomes of the round.

Its masks are in what the others send already: it has shared its keys. Then it says no more.
"""

from flwr.clientapp import ClientApp
from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_CONFIGS, Key, Stage

from beyond.engine.apps import make_client
from beyond.engine.node_client import partition_of
from beyond.secure_aggregation.app import MODS

ROUND = "2"  # as messages name it


def drop_out(message, context, call_next):
    """Fail where the client that the run config names would send its masked update; it is a Flower mod."""
    if partition_of(context.node_config) == context.run_config["drop-out"]:
        asked = message.content.config_records.get(RECORD_KEY_CONFIGS, {}).get(Key.STAGE)
        if asked == Stage.COLLECT_MASKED_VECTORS and message.metadata.group_id == ROUND:
            raise ConnectionError("this client has left in the middle of the round")
    return call_next(message, context)


client_app = ClientApp(client_fn=make_client, mods=[MODS[0], drop_out, *MODS[1:]])
