"""What the bridge to Flower's engine is made of, and what runs on both engines came to."""

from support.history import read_history

import io
import tomllib
import zipfile

from beyond.engine.bundle import bundle
from pages.markdown import block, paragraph, percent, table
from pages.page import ROOT, Page

PAGE = Page("engine")
IN_THE_MESSAGE_API = (
    ("`NumPyClient`, a class with methods", "`ClientApp()`, functions for types of messages"),
    ("`fit(parameters, config)`", "`@app.train()`, `def train(message, context)`"),
    ("`evaluate(parameters, config)`", "`@app.evaluate()`, `def evaluate(message, context)`"),
    ("`get_properties(config)`", "`@app.query()`, `def query(message, context)`"),
    ("`parameters`, a list of arrays", '`message.content["arrays"]`, an `ArrayRecord`'),
    ("`config`, a dict", '`message.content["config"]`, a `ConfigRecord`'),
    ('`config["server_round"]`, put in by us', '`config["server-round"]`, put in by `FedAvg`'),
    (
        "`return weights, num_examples, metrics`",
        '`return Message(RecordDict({"arrays": ..., "metrics": ...}), reply_to=message)`',
    ),
    ("`num_examples`", '`"num-examples"` in a `MetricRecord`'),
    ("`flwr.server.strategy.FedAvg`", "`flwr.serverapp.strategy.FedAvg`"),
    ("`initial_parameters=`", "`strategy.start(grid, initial_arrays=...)`"),
    ("`on_fit_config_fn=`", "`strategy.start(grid, train_config=...)`, the same for all rounds"),
    ("`evaluate_fn=`, of the strategy", "`strategy.start(grid, evaluate_fn=...)`"),
    (
        "`min_available_clients=`, `fraction_evaluate=`",
        "`min_available_nodes=`, `fraction_evaluate=`",
    ),
    ("`configure_fit`, `aggregate_fit`", "`configure_train`, `aggregate_train`"),
    ("`ClientProxy`, `ClientManager`", "a node's identifier, `grid.get_node_ids()`"),
    ("`start_server(...)`", "`@app.main()`, `def main(grid, context)`"),
)


def figures():
    """Return the figures that sentences quote, as text, by name."""
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        sizes = [file.file_size for file in archive.infolist()]
    bridge = (ROOT / "beyond/engine/apps.py").read_text(encoding="utf-8")
    return {
        "files": str(len(sizes)),
        "bundle": f"{sum(sizes) / 1000:.0f} KB",
        "bridge_lines": str(len(bridge.splitlines())),
        "messages_3": percent(float(PAGE.rows("messages_history")[3]["accuracy"])),
        "classic_3": percent(read_history(Page("lesson").recorded / "lesson")[3].accuracy),
    }


def teaser():
    """Print what the lesson says about this chapter."""
    paragraph(
        """**Where does it run for real?** [Flower's engine](beyond/engine/README.md) takes these files to
        production: the same bytes, a thousand clients, several machines."""
    )


def chapters_table():
    """Print the checksums of chapters 6 and 7 on both engines."""
    lines = [
        [
            row["chapter"],
            f"`{row['options']}`",
            f"`{row['classic'][:12]}`",
            f"`{row['engine'][:12]}`",
            "the same" if row["same_books"] == "True" else "different",
        ]
        for row in PAGE.rows("chapters")
    ]
    table(["chapter", "options", "classic", "engine", "its own records"], lines)


def app_config():
    """Print the part of pyproject.toml that says what the app is and which options it has."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    begin, end = text.index("[tool.flwr.app.components]"), text.index("[tool.ruff]")
    assert tomllib.loads(text[begin:end])
    block("toml", text[begin:end].strip())


def messages_table():
    """Print what the run in the Message API came to, round by round."""
    rows = PAGE.rows("messages_history")
    lines = [[row["round"], percent(float(row["accuracy"])), row["clients"]] for row in rows]
    table(["round", "accuracy", "clients averaged"], lines)


def names_table():
    """Print what things are called in the classic API, and in the Message API."""
    table(["classic", "Message API"], IN_THE_MESSAGE_API)
