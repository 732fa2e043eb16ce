"""The lesson's way: a server and clients started one by one, and what each of them opens and says."""

import re
from pathlib import Path

from tests.support.shared import ROUNDS, SIZES


def partitions_opened(names):
    """Return the names of the files in partitions/ among the opened ones."""
    return {Path(name).name for name in names if Path(name).parent.name == "partitions"}


def test_everybody_ends_well(run_by_hand):
    outputs = [run_by_hand.server_output, *run_by_hand.client_outputs.values()]
    assert set(run_by_hand.statuses.values()) == {0}, "\n".join(outputs)


def test_a_client_that_comes_before_the_server_waits_and_then_takes_part(run_by_hand):
    for number, size in enumerate(SIZES):
        assert f"{size} images that stay here" in run_by_hand.waited[number]
        assert "trained on" not in run_by_hand.waited[number]
        rounds = re.findall(
            rf"Round (\d+): trained on {size} images", run_by_hand.client_outputs[number]
        )
        assert rounds == [str(number + 1) for number in range(ROUNDS)]


def test_the_server_says_who_is_there_while_it_waits(run_by_hand):
    before_training = run_by_hand.server_output.split("Round  1 of")[0]
    joined = re.findall(rf"Client (\d) joined: (\d) of {len(SIZES)} clients", before_training)
    assert {client for client, _ in joined} == {str(number) for number in range(len(SIZES))}
    assert {count for _, count in joined} == {str(number + 1) for number in range(len(SIZES))}
    assert f"0 of {len(SIZES)}" in before_training.split("joined")[0]


def test_each_opens_its_own_partition_and_no_other_and_no_archive_of_mnist(run_by_hand):
    own = {f"client_{number}": {f"client_{number}.npz"} for number in range(len(SIZES))}
    # settings.json says how the images were dealt out, and holds none.
    own["server"] = {"test.npz", "settings.json"}
    opened = {who: partitions_opened(names) for who, names in run_by_hand.opened.items()}
    assert opened == own
    assert not [name for names in run_by_hand.opened.values() for name in names if "MNIST" in name]


def test_a_client_writes_no_file(run_by_hand, workspace):
    assert {entry.name for entry in workspace.iterdir()} <= {"partitions", "results", "opened"}
    record = {entry.name for entry in run_by_hand.run.iterdir()}
    assert record == {"history.csv", "run.json", "global_model.npz", "events.jsonl"}
