"""What stands around the lesson's client while it takes part: it says who this is, and hears a refusal."""

from support.identity import NUMBER, REFUSAL
from support.partitions import MISFIT, PARTITIONS, describe_misfit

from flwr.client import Client
from flwr.common import Code, GetPropertiesRes, Status


class Misfit(BaseException):
    """The client's model cannot take its data. No Exception, for those Flower logs with their traceback."""


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
        """Train. Raises Misfit if the client's model cannot take its data."""
        try:
            return self.client.fit(ins)
        except MISFIT as error:
            raise Misfit(
                describe_misfit(f"train on {PARTITIONS}/client_{self.number}.npz", error)
            ) from error

    def evaluate(self, ins):
        """Evaluate the global model on local data, if the client does that."""
        return self.client.evaluate(ins)
