"""What stands around the lesson's client while it takes part: it says who this is, and hears a refusal."""

from support.command_line import RunError, UserError
from support.failures import explain
from support.identity import NUMBER, REFUSAL
from support.partitions import PARTITIONS

from contextlib import contextmanager

from flwr.client import Client
from flwr.common import Code, GetPropertiesRes, Status


class ClientFailure(BaseException):
    """What has failed in a client, in one line. No Exception, for those Flower logs with their traceback."""


class Participant(Client):
    """Answers for `client`, a Flower Client, who it is; everything else is passed on to it.

    `refusal` is what the server has said if it does not want us, else None.
    """

    def __init__(self, client, number):
        self.client = client
        self.number = number
        self.refusal = None

    def get_properties(self, ins):
        """Say who this is, when the server calls the roll; it may answer that we are not wanted."""
        self.refusal = ins.config.get(REFUSAL)
        return GetPropertiesRes(Status(Code.OK, "Success"), {NUMBER: self.number})

    def get_parameters(self, ins):
        """Hand out the local model's weights."""
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
        except BrokenPipeError:  # nobody reads what we print: no failure of the client's
            raise
        except (UserError, RunError) as error:
            raise ClientFailure(str(error)) from error
        except Exception as error:
            what = f"{what} on {PARTITIONS}/client_{self.number}.npz"
            raise ClientFailure(explain(what, error)) from error
