"""What a run was made with is on record, and it goes on with nothing else."""

import json

from tests.support.harness import snapshot
from tests.support.ports import free_address
from tests.support.shared import SIZES


def test_the_settings_of_a_run_are_on_record_and_resuming_with_others_is_refused(
    federate, stage, workspace
):
    directory = federate("--learning-rate", 0.02, "--batch-size", 16)
    settings = json.loads((directory / "run.json").read_text())["settings"]
    assert (settings["learning_rate"], settings["batch_size"]) == (0.02, 16)
    words = ["--clients", len(SIZES), "--run", directory, "--address", free_address(), "--resume"]
    finished = stage.run("server.py", *words, cwd=workspace)
    assert finished.status == 2 and "--batch-size 16" in finished.stderr


def test_a_resumed_federation_does_not_deal_out_anew(federation_run, stage, workspace):
    before = snapshot(workspace)
    words = ["--clients", len(SIZES), "--run", federation_run.run, "--address", free_address()]
    finished = stage.run("federation.py", *words, "--scheme", "shards", "--resume", cwd=workspace)
    assert finished.status == 2 and "was made with other partitions" in finished.stderr
    assert "--scheme iid" in finished.stderr and len(finished.stderr.splitlines()) == 1
    assert snapshot(workspace) == before
