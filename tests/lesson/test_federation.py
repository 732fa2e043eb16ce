"""One whole run of federation.py on a few real images, looked at from all sides."""

import json
import platform
import re
from importlib.metadata import version

import numpy as np
import pytest
from flwr.common import ndarrays_to_parameters
from PIL import Image

from model import CNN, evaluate, get_weights, set_weights, to_tensors
from support.partitions import load_partition
from support.tables import read_history
from support.terminal import RoundReport
from tests.support.harness import processes_in, snapshot, wait_until
from tests.support.shared import CLIENTS, LOCAL_EPOCHS, ROUNDS, SIZES, TEST_SIZE
from tests.support.small import HEADER, write_partitions

FILES = ("state.zip", "history.csv", "run.json", "global_model.npz", "events.jsonl", "accuracy.png")


@pytest.fixture(scope="module")
def history(federation_run):
    """The rows of history.csv."""
    return read_history(federation_run.run)


def test_the_run_ends_well_and_leaves_a_record_and_no_process(federation_run, workspace):
    assert federation_run.status == 0, federation_run.output
    wait_until(lambda: not processes_in(workspace), "no process is left")
    assert "Traceback" not in federation_run.output
    assert {entry.name for entry in federation_run.run.iterdir()} == {*FILES, "logs"}


def test_the_history_has_a_row_for_every_round_with_the_bytes_of_the_weights(
    federation_run, history
):
    payload = sum(map(len, ndarrays_to_parameters(get_weights(CNN())).tensors))
    text = (federation_run.run / "history.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0] == HEADER
    assert [row.round for row in history] == list(range(ROUNDS + 1))
    assert [row.clients for row in history] == [0] + [len(SIZES)] * ROUNDS
    assert all((row.failures, 0 < row.seconds < 60) == (0, True) for row in history)
    assert all(row.bytes_sent == row.bytes_received == row.clients * payload for row in history)


def test_the_global_model_gets_better(history):
    assert history[0].accuracy < 0.3
    assert history[-1].accuracy > history[0].accuracy + 0.3
    assert history[-1].loss < history[0].loss


def test_what_is_printed_is_what_is_recorded(federation_run, history, capsys):
    for row in history:
        RoundReport(ROUNDS).round_finished(row)
    lines = federation_run.output.splitlines()
    printed = [line for line in lines if re.match(r"Round +\d+ of", line)]
    assert printed == capsys.readouterr().out.splitlines()


def test_the_settings_seed_and_versions_are_recorded(federation_run):
    recorded = json.loads((federation_run.run / "run.json").read_text(encoding="utf-8"))
    expected = {"clients": len(SIZES), "rounds": ROUNDS, "local_epochs": LOCAL_EPOCHS, "seed": 0}
    assert expected.items() <= recorded["settings"].items()
    packages = {name: version(name) for name in ("flwr", "torch", "numpy")}
    assert recorded["versions"] == {"python": platform.python_version(), **packages}


def test_the_saved_model_has_the_accuracy_of_the_last_row(federation_run, workspace, history):
    model = CNN()
    with np.load(federation_run.run / "global_model.npz", allow_pickle=False) as file:
        assert file.files == list(model.state_dict())
        set_weights(model, list(file.values()))
    images, labels = load_partition(workspace / "partitions/test.npz")
    assert len(labels) == TEST_SIZE
    loss, accuracy = evaluate(model, *to_tensors(images, labels))
    assert accuracy == history[-1].accuracy
    assert loss == pytest.approx(history[-1].loss, rel=1e-4)


def test_the_picture_is_a_png_of_at_least_150_dpi(federation_run):
    with Image.open(federation_run.run / "accuracy.png") as picture:
        picture.load()  # which checks the checksums
        assert picture.format == "PNG" and min(picture.info["dpi"]) > 149.9
        assert picture.width > picture.height > 400


def test_every_client_has_a_log_of_its_training_and_does_not_test(federation_run):
    logs = sorted((federation_run.run / "logs").iterdir())
    assert [log.name for log in logs] == [f"client_{number}.log" for number in CLIENTS]
    for file, size in zip(logs, SIZES, strict=True):
        log = file.read_text(encoding="utf-8")
        trained = re.findall(rf"^Round (\d+): trained on {size} images", log, re.MULTILINE)
        assert trained == [str(number + 1) for number in range(ROUNDS)]
        assert log.count("Received: train message") == ROUNDS and "evaluate" not in log


def test_only_the_record_is_added_to_the_directory(federation_run, workspace, tmp_path, mnist):
    others = {"opened"}  # which the same federation, made by hand, may have left
    assert {entry.name for entry in workspace.iterdir()} - others == {"partitions", "results"}
    write_partitions(tmp_path, mnist, SIZES, TEST_SIZE)
    assert snapshot(workspace / "partitions") == snapshot(tmp_path / "partitions")
