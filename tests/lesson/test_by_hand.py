"""The lesson's way: a server and clients started one by one, and what each of them opens and says."""

import re
from pathlib import Path

from tests.support.shared import CLIENTS, ROUNDS, SIZES


def test_a_client_that_comes_before_the_server_waits_and_then_takes_part(run_by_hand):
    outputs = [run_by_hand.server_output, *run_by_hand.client_outputs.values()]
    assert set(run_by_hand.statuses.values()) == {0}, "\n".join(outputs)
    for number, size in enumerate(SIZES):
        waited, output = run_by_hand.waited[number], run_by_hand.client_outputs[number]
        assert f"{size} images that stay here" in waited and "trained on" not in waited
        trained = re.findall(rf"Round (\d+): trained on {size} images", output)
        assert trained == [str(number + 1) for number in range(ROUNDS)]


def test_the_server_says_who_has_come_before_training(run_by_hand):
    before = run_by_hand.server_output.split("Round  1 of")[0]
    joined = re.findall(rf"Client (\d) joined: (\d) of {len(SIZES)} clients", before)
    who, counts = zip(*joined, strict=True)
    assert sorted(map(int, who)) == list(CLIENTS)
    assert sorted(counts) == ["1", "2", "3"]


def test_each_opens_its_own_partition_and_no_other_and_no_archive_of_mnist(run_by_hand):
    # settings.json says how the images were dealt out, and holds none.
    own = {"server": {"test.npz", "settings.json"}}
    own |= {f"client_{number}": {f"client_{number}.npz"} for number in CLIENTS}
    for who, names in run_by_hand.opened.items():
        paths = list(map(Path, names))
        assert {path.name for path in paths if path.parent.name == "partitions"} == own[who]
        assert not [path for path in paths if "MNIST" in path.parts]
    assert run_by_hand.opened.keys() == own.keys()


def test_a_client_writes_no_file(run_by_hand, workspace):
    assert {entry.name for entry in workspace.iterdir()} <= {"partitions", "results", "opened"}
    record = {entry.name for entry in run_by_hand.run.iterdir()}
    assert record == {"state.zip", "history.csv", "run.json", "global_model.npz", "events.jsonl"}
