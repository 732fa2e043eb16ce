"""A client that lies: client.py with another FlowerClient.

    liars.py LIE[@ROUND] ARGUMENTS_OF_CLIENT...

It is honest until ROUND (default: 1), and from then on lies as LIES says (in that round only, if ROUND ends
in "only"); or "hold" makes it hold on in ROUND until it is told to go on, "company" look for others that
train at the same time, "shy" keep silent about who it is, "late" take its time to say it, "closed channel"
meet one.
"""

import sys
import threading
import time
from pathlib import Path

import grpc
import numpy as np
from flwr.common import Code, Status, ndarrays_to_parameters, parameters_to_ndarrays

import client
from support.command_line import run_command
from support.identity import Participant
from tests.support.bad_values import saved

LEFT_OUT = "left out the update from {}: it "


def with_weights(change):
    """Return a lie that applies `change` to the list of arrays."""

    def lie(answer):
        weights = parameters_to_ndarrays(answer.parameters)
        answer.parameters = ndarrays_to_parameters(change(weights))

    return lie


def with_each(change):
    """Return a lie that applies `change` to each array."""
    return with_weights(lambda weights: [change(weight) for weight in weights])


def with_value(position, value):
    """Return a lie that changes one weight in the array at `position`."""

    def change(weights):
        weights[position].flat[-1] = value
        return weights

    return with_weights(change)


def with_bytes(change):
    """Return a lie that applies `change` to the list of serialized arrays."""
    return lambda answer: setattr(answer.parameters, "tensors", change(answer.parameters.tensors))


def with_all(content):
    """Return a lie that sends the bytes `content` instead of each array."""
    return with_bytes(lambda tensors: [content] * len(tensors))


def with_fields(**fields):
    """Return a lie that sets fields of the answer."""
    return lambda answer: vars(answer).update(fields)


def header_of(shape, descr="<f4"):
    """Return the beginning of an .npy file whose array never comes."""
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    return saved(np.lib.format.write_array_header_1_0, header)


OBJECTS = saved(np.save, np.array([print, 1, None], dtype=object), allow_pickle=True)
ARCHIVE = saved(np.savez, weights=np.zeros((16, 1, 5, 5), np.float32))
LARGEST = np.finfo(np.float32).max

FAULTS = {  # what is done to the answer, and what the server's log says about it
    "no arrays": (with_bytes(lambda tensors: []), r"has 0 arrays, not 8"),
    "an array missing": (with_bytes(lambda tensors: tensors[:-1]), r"has 7 arrays, not 8"),
    "an array too many": (with_bytes(lambda tensors: [*tensors, tensors[-1]]), r"has 9 arrays, not 8"),
    "transposed": (with_each(lambda weight: weight.T), r"has an array 0 of float32 \(5, 5, 1, 16\)"),
    "empty arrays": (with_each(lambda weight: weight[:0]), r"has an array 0 of float32 \(0, 1, 5, 5\)"),
    "would broadcast": (with_each(lambda weight: weight[:1]), r"has an array 0 of float32 \(1, 1, 5, 5\)"),
    "float64": (with_each(lambda weight: weight.astype(np.float64)), r"has an array 0 of float64"),
    "integers": (with_each(lambda weight: weight.astype(np.int32)), r"has an array 0 of int32"),
    "other byte order": (with_each(lambda weight: weight.astype(">f4")), r"has an array 0 of >f4"),
    "garbage": (with_all(b"\x93NUMPY garbage"), r"cannot be decoded"),
    "no bytes": (with_all(b""), r"cannot be decoded"),
    "cut off": (with_bytes(lambda tensors: [tensor[:-1] for tensor in tensors]), r"cannot be decoded"),
    "pickled": (with_all(OBJECTS), r"cannot be decoded"),
    "an archive": (with_all(ARCHIVE), r"(has a NpzFile in place of array 0|cannot be decoded)"),
    "huge header": (with_bytes(lambda tensors: [header_of((10**12,)), *tensors[1:]]), r"cannot be decoded"),
    "NaN": (with_value(0, np.nan), r"has NaN or infinity in array 0"),
    "infinity": (with_value(7, np.inf), r"has NaN or infinity in array 7"),
    "minus infinity": (with_value(3, -np.inf), r"has NaN or infinity in array 3"),
    "largest float": (with_value(5, LARGEST), r"lies 3\.4e\+38 away"),
    "huge norm": (with_each(lambda weight: weight + 100), r"lies .* away from the global model"),
    "no example": (with_fields(num_examples=0), r"claims 0 examples"),
    "negative examples": (with_fields(num_examples=-300), r"claims -300 examples"),
    "10**12 examples": (with_fields(num_examples=10**12), r"claims 1000000000000 examples, more than"),
    "just too many examples": (with_fields(num_examples=60_001), r"claims 60001 examples, more than"),
}  # fmt: skip
LIES = {name: (lie, LEFT_OUT + fault) for name, (lie, fault) in FAULTS.items()}
LIES["not ok"] = (with_fields(status=Status(Code.FIT_NOT_IMPLEMENTED, "no")), "no update from {};")
METRICS = {"loss": np.nan, "name": "x" * 1000, "raw": b"\x00\xff"}  # that no strategy asks for
ALL = {name: lie for name, (lie, _) in LIES.items()}
ALL["strange metrics"] = with_fields(metrics=METRICS)


def hold(number, server_round):
    """Say that training has begun, and go on when the file go_NUMBER is there."""
    print(f"Round {server_round}: holding")
    while not Path(f"go_{number}").exists():
        threading.Event().wait(0.01)


def look_for_company(number, server_round):
    """Say whether another client trains at the same time; wait two seconds for that."""
    mine, deadline = Path(f"trains_{number}"), time.monotonic() + 2
    mine.touch()
    while not (others := set(Path().glob("trains_*")) - {mine}) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    mine.unlink()
    print(f"Round {server_round}: {'in company' if others else 'alone'}")


def meet_a_closed_channel():
    """Do what a thread of gRPC's does when a channel is closed at an unlucky moment: raise."""
    channel = grpc.insecure_channel("127.0.0.1:1")
    channel.close()
    watch = threading.Thread(target=channel._channel.check_connectivity_state, args=(False,))
    watch.start()
    watch.join()
    print("A thread of gRPC has met a closed channel")


class Liar(client.FlowerClient):
    """An honest client whose answers are tampered with on their way out."""

    lie, since, only = "nothing", 1, False

    def fit(self, parameters, config):
        """Train, perhaps not right now."""
        self.round = config["server_round"]
        if self.lie == "hold" and self.round == self.since:
            hold(self.partition_id, self.round)
        if self.lie == "company":
            look_for_company(self.partition_id, self.round)
        if self.lie == "closed channel":
            meet_a_closed_channel()
        return super().fit(parameters, config)

    def to_client(self):
        """Return the client that Flower runs, with a lie around its `fit`."""
        flower_client = super().to_client()
        honest_fit = flower_client.fit

        def fit(instructions):
            answer = honest_fit(instructions)
            now = self.round == self.since or (self.round > self.since and not self.only)
            if self.lie in ALL and now:
                ALL[self.lie](answer)
            return answer

        flower_client.fit = fit
        return flower_client


def say_late_who_this_is():
    """Let the answer to the roll call wait until the client is told to go on."""
    get_properties = Participant.get_properties

    def get_properties_late(self, ins):
        hold(self.number, server_round=0)
        return get_properties(self, ins)

    Participant.get_properties = get_properties_late


def main():
    """Run the client's command line with another class of client."""
    Liar.lie, _, since = sys.argv.pop(1).partition("@")
    Liar.since, Liar.only = int(since.removesuffix("only") or 1), since.endswith("only")
    if Liar.lie == "late":
        say_late_who_this_is()
    if Liar.lie == "shy":  # as the shortest of Flower's clients, which tells no partition
        client.stay_connected = lambda take_part, shy, args: take_part(shy, args.server, None)
    run_command(client.main, None, Liar)


if __name__ == "__main__":
    main()
