"""Runs of the app's ServerApps in this process, with its ClientApps as nodes and a few real images."""

from support import command_line

import tomllib

import numpy as np
from flwr.app import Context, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from tests.deployment.nodes import RUN, Nodes
from tests.support.harness import ROOT
from tests.support.small import write_partitions


class AppRuns:
    """Runs apps in `directory`, which becomes the current one; clients own `sizes` images."""

    def __init__(self, monkeypatch, mnist, directory, sizes):
        monkeypatch.chdir(directory)
        monkeypatch.setattr(command_line, "_command", None)  # the app sets it for its process
        for name in (
            "_task_id",
            "_run_id",
            "_node_id",
        ):  # Flower's engine sets them for its process
            monkeypatch.setattr(TaskIdentity, name, RUN)
        write_partitions(directory, mnist, sizes, test_size=200)
        self.directory = directory
        self.sizes = sizes

    def run(self, serve, client_app, answer_last=(), there=None, **entries):
        """Let `serve(grid, context)` run two rounds; return (global model, the Nodes).

        `entries` change the run config; `there` are the partitions of the nodes, if it is not all.
        """
        config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["flwr"]["app"][
            "config"
        ]
        config |= {"clients": len(self.sizes), "rounds": 2, "run": "results/run", "batch-size": 8}
        config |= {name.replace("_", "-"): value for name, value in entries.items()}
        numbers = range(len(self.sizes)) if there is None else there
        nodes = Nodes(client_app, self.directory / "partitions", numbers, config, answer_last)
        serve(nodes, Context(RUN, 0, {}, RecordDict(), config))
        return self.model(config["run"]), nodes

    def model(self, run):
        """Return the global model that a run has left, a list of arrays."""
        with np.load(self.directory / run / "global_model.npz") as file:
            return [file[name] for name in file.files]
