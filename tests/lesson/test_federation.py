"""One whole run of federation.py on a few real images, looked at from all sides."""

import csv
import json
import platform
import re
import struct
import zlib
from importlib.metadata import version

import numpy as np
import pytest
from flwr.common import ndarrays_to_parameters

from model import CNN, evaluate, get_weights, set_weights, to_tensors
from tests.support.harness import processes_in, wait_until
from tests.support.lesson import instructions, owner, untrained
from tests.support.shared import CLIENTS, EPOCHS, LOCAL_EPOCHS, ROUNDS, SIZES, TEST_SIZE

COLUMNS = "round,loss,accuracy,seconds,clients,failures,bytes_sent,bytes_received"


@pytest.fixture(scope="module")
def history(federation_run):
    """The rows of history.csv as dicts of numbers."""
    with open(federation_run.run / "history.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def global_weights(federation_run):
    """The arrays in global_model.npz."""
    with np.load(federation_run.run / "global_model.npz", allow_pickle=False) as file:
        return dict(file)


def partition_of(workspace, name):
    """Return the (images, labels) in the workspace's partition `name`."""
    with np.load(workspace / f"partitions/{name}.npz") as file:
        return file["images"], file["labels"]


def test_the_run_ends_well_and_leaves_no_process(federation_run, workspace):
    assert federation_run.status == 0, federation_run.output
    wait_until(lambda: not processes_in(workspace), "no process is left")
    assert "Traceback" not in federation_run.output


def test_the_record_is_complete(federation_run):
    entries = {entry.name for entry in federation_run.run.iterdir()}
    assert entries == {
        "history.csv",
        "run.json",
        "global_model.npz",
        "state.zip",
        "events.jsonl",
        "accuracy.png",
        "logs",
    }


def test_the_history_has_a_row_for_every_round(federation_run, history):
    assert (federation_run.run / "history.csv").read_text().splitlines()[0] == COLUMNS
    assert [row["round"] for row in history] == list(range(ROUNDS + 1))
    assert [row["clients"] for row in history] == [0] + [len(SIZES)] * ROUNDS
    assert all(row["failures"] == 0 for row in history)
    assert all(0 < row["seconds"] < 60 for row in history)


def test_the_bytes_are_those_of_the_serialized_weights(history):
    payload = sum(map(len, ndarrays_to_parameters(get_weights(CNN())).tensors))
    for row in history:
        asked = len(SIZES) if row["round"] > 0 else 0
        assert row["bytes_sent"] == row["bytes_received"] == asked * payload


def test_the_global_model_gets_better(history):
    assert history[0]["accuracy"] < 0.3
    assert history[-1]["accuracy"] > history[0]["accuracy"] + 0.3
    assert history[-1]["loss"] < history[0]["loss"]


def test_what_is_printed_is_what_is_recorded(federation_run, history):
    payloads = "sent (.*) MB, received (.*) MB"
    pattern = rf"^Round +(\d+) of {ROUNDS}: accuracy (.*)%, loss (.*), (.*) s, {payloads}$"
    printed = re.findall(pattern, federation_run.output, re.MULTILINE)
    for numbers, row in zip(printed, history, strict=True):
        number, percent, loss, seconds, sent, received = map(float, numbers)
        assert number == row["round"]
        assert percent == pytest.approx(100 * row["accuracy"], abs=0.00501)
        assert loss == pytest.approx(row["loss"], abs=0.0000501)
        assert seconds == pytest.approx(row["seconds"], abs=0.0501)
        assert sent == pytest.approx(row["bytes_sent"] / 1e6, abs=0.00501)
        assert received == pytest.approx(row["bytes_received"] / 1e6, abs=0.00501)


def test_the_settings_seed_and_versions_are_recorded(federation_run):
    recorded = json.loads((federation_run.run / "run.json").read_text())
    expected = {"clients": len(SIZES), "rounds": ROUNDS, "local_epochs": LOCAL_EPOCHS, "seed": 0}
    assert expected.items() <= recorded["settings"].items()
    packages = {name: version(name) for name in ("flwr", "torch", "numpy")}
    assert recorded["versions"] == {"python": platform.python_version(), **packages}


def test_the_saved_model_has_the_accuracy_of_the_last_row(workspace, history, global_weights):
    model = CNN()
    assert list(global_weights) == list(model.state_dict())
    set_weights(model, list(global_weights.values()))
    images, labels = partition_of(workspace, "test")
    assert len(labels) == TEST_SIZE
    loss, accuracy = evaluate(model, *to_tensors(images, labels))
    assert accuracy == history[-1]["accuracy"]
    assert loss == pytest.approx(history[-1]["loss"], rel=1e-4)


def mean_by_hand(updates):
    """Return the mean of the clients' updates, weighted by their image counts."""
    shares = [
        [size / sum(SIZES) * array.astype(np.float64) for array in update]
        for size, update in zip(SIZES, updates, strict=True)
    ]
    return [sum(arrays).astype(np.float32) for arrays in zip(*shares, strict=True)]


def loop_without_a_network(workspace):
    """Yield (loss, accuracy) of the global model after each round of a plain loop over the clients."""
    model, weights = CNN(), untrained()
    test_data = to_tensors(*partition_of(workspace, "test"))
    clients = [owner(workspace, number) for number in CLIENTS]
    for server_round in range(1, ROUNDS + 1):
        config = instructions(server_round, *EPOCHS)
        weights = mean_by_hand([client.fit(weights, config)[0] for client in clients])
        set_weights(model, weights)
        yield evaluate(model, *test_data)


def test_the_federation_computes_what_a_loop_without_a_network_computes(
    workspace, history, one_thread
):
    for row, (loss, accuracy) in zip(history[1:], loop_without_a_network(workspace), strict=True):
        # The last bits may differ, and training magnifies that from round to round.
        slack = 1e-3 if row["round"] == 1 else 0.2
        assert row["loss"] == pytest.approx(loss, rel=slack)
        assert row["accuracy"] == pytest.approx(accuracy, abs=slack)


def chunks(content):
    """Yield the (kind, data) of a PNG file's chunks; check their checksums."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place = 8
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        data = content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, place + 8 + length)
        assert zlib.crc32(kind + data) == checksum
        yield kind, data
        place += length + 12


def test_the_picture_is_a_png_of_at_least_150_dpi(federation_run):
    parts = dict(chunks((federation_run.run / "accuracy.png").read_bytes()))
    across, down, unit = struct.unpack(">IIB", parts[b"pHYs"])
    assert unit == 1  # pixels per metre
    assert min(across, down) * 0.0254 >= 150
    width, height = struct.unpack_from(">II", parts[b"IHDR"])
    assert width > height > 400
    assert b"IEND" in parts


def test_every_client_has_a_log_of_its_training(federation_run):
    logs = {file.name: file.read_text() for file in (federation_run.run / "logs").iterdir()}
    assert logs.keys() == {f"client_{number}.log" for number in range(len(SIZES))}
    for number, size in enumerate(SIZES):
        lines = logs[f"client_{number}.log"].splitlines()
        trained = [line for line in lines if f"trained on {size} images" in line]
        assert [line.split(":")[0] for line in trained] == [f"Round {n + 1}" for n in range(ROUNDS)]


def test_clients_train_and_do_not_test(federation_run):
    for file in (federation_run.run / "logs").iterdir():
        log = file.read_text()
        assert log.count("Received: train message") == ROUNDS
        assert "evaluate" not in log


def test_only_the_record_is_added_to_the_directory(federation_run, workspace):
    others = {"opened"}  # which the same federation, made by hand, may have left
    assert {entry.name for entry in workspace.iterdir()} - others == {"partitions", "results"}
    partitions = {file.name for file in (workspace / "partitions").iterdir()}
    assert partitions == {
        "settings.json",
        "test.npz",
        *(f"client_{n}.npz" for n in range(len(SIZES))),
    }
    assert len(partition_of(workspace, "client_0")[1]) == SIZES[0]  # they were not made anew
