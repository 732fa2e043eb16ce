"""Who a client is: the number of its partition, asked for once and kept where Flower has a place for it.

Flower gives each connection a random identifier. The roll call asks every new client for its number with
`get_properties`; from then on it is in `client.properties`, on both of Flower's engines.
"""

import re

from flwr.common import GetPropertiesIns, ReconnectIns

ANSWER_WITHIN = 60.0  # seconds that a new client has to say who it is
NUMBER = "partition_id"
FAILURE = "failure"  # among a client's properties: what it has failed with when it was last asked to train
LATE = "it has left, or took longer than --round-timeout"  # if it has not said why
REASON = re.compile(r"<'(.*)'>", re.DOTALL)  # how Flower's engine wraps what a client has raised
REFUSAL = "refusal"  # with this in the question, the server says why it does not want the client


def learn_number(client):
    """Ask `client` (a ClientProxy) which partition it owns, and keep the answer; None if it does not say."""
    answer = _ask(client, {})
    number = answer.properties.get(NUMBER)
    client.properties[NUMBER] = number if type(number) is int and number >= 0 else None


def refuse(client, reason):
    """Tell `client` why it is not wanted, and to go."""
    _ask(client, {REFUSAL: reason})
    send_home(client)


def send_home(client):
    """Tell `client` that the run is over."""
    client.reconnect(ReconnectIns(seconds=None), timeout=ANSWER_WITHIN, group_id=None)


def number_of(client):
    """Return the number of the partition that `client` owns, or None if it has not said."""
    return client.properties.get(NUMBER)


def order_of(client):
    """Return a sort key that puts clients in the order of their partitions."""
    number = number_of(client)
    return (number is None, number or 0, client.cid)


def name_of(client):
    """Return what to call `client` in a message."""
    if number_of(client) is None:
        return f"A client without a number ({client.cid[:6]})"
    return f"Client {number_of(client)}"


def reason_in(error):
    """Return what a node has raised, in one line, if `error` (what Flower makes of it) says so, or None."""
    found = REASON.search(str(error))
    if not found:
        return None
    # A simulation says a whole traceback, and then this.
    return " ".join(found.group(1).rpartition(" occurred. Message: ")[2].split())


def why_silent(client):
    """Return why there is no update from `client`."""
    return client.properties.get(FAILURE) or LATE


def _ask(client, config):
    question = GetPropertiesIns(config=config)
    return client.get_properties(question, timeout=ANSWER_WITHIN, group_id=None)
