"""Who a client is: the number of its partition, asked for once and kept where Flower has a place for it.

Flower knows each connection by a random identifier. The roll call asks every new client for its number with
`get_properties`, which a Participant answers; from then on it is in `client.properties`.
"""

import re
from contextlib import contextmanager

from flwr.client import Client
from flwr.common import Code, GetPropertiesIns, GetPropertiesRes, ReconnectIns, Status

from support.command_line import RunError, UserError
from support.failures import explain
from support.partitions import PARTITIONS

ANSWER_WITHIN = 60.0  # seconds that a new client has to say who it is
NUMBER = "partition_id"
FAILURE = "failure"  # among a client's properties: why it could not train when it was last asked to
LATE = "it has left, or took longer than --round-timeout"  # if it has not said why
REASON = re.compile(r"<'(.*)'>", re.DOTALL)  # how Flower's engine wraps what a client has raised
REFUSAL = "refusal"  # in the question: why the server does not want the client


def learn_number(client):
    """Ask `client` (a ClientProxy) which partition it owns, and keep its number, or None."""
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


def who(client):
    """Return what an event says of `client`: its number, or None, and what to call it."""
    return {"client": number_of(client), "name": name_of(client)}


def reason_in(error):
    """Return what a node has raised, in one line, if Flower's `error` says that, or None."""
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


class ClientFailure(BaseException):
    """What has failed in a client, in one line. Flower would log an Exception with its traceback."""


class Participant(Client):
    """Says who `client`, a Flower Client, is, and passes everything else on to it.

    `refusal` is what the server has said if it does not want us, else None.
    """

    def __init__(self, client, number):
        self.client = client
        self.number = number
        self.refusal = None

    def get_properties(self, ins):
        """Say who this is; the question may say that we are not wanted."""
        self.refusal = ins.config.get(REFUSAL)
        return GetPropertiesRes(Status(Code.OK, "Success"), {NUMBER: self.number})

    def get_parameters(self, ins):
        """Return the local model's weights."""
        return self.client.get_parameters(ins)

    def fit(self, ins):
        """Train. Raises ClientFailure, whatever goes wrong."""
        with self._failing_in_a_line("train"):
            return self.client.fit(ins)

    def evaluate(self, ins):
        """Evaluate the global model on local data, if the client does that. Raises as `fit` does."""
        with self._failing_in_a_line("be tested"):
            return self.client.evaluate(ins)

    @contextmanager
    def _failing_in_a_line(self, what):
        try:
            yield
        except BrokenPipeError:  # what reads our output has ended: no failure of the client's
            raise
        except (UserError, RunError) as error:
            raise ClientFailure(str(error)) from error
        except Exception as error:
            what = f"{what} on {PARTITIONS}/client_{self.number}.npz"
            raise ClientFailure(explain(what, error)) from error
