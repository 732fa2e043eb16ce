"""What sections 8.6 and 8.7 call: each function prints Markdown, or returns their figures."""

import csv
import json
import re

from beyond.engine.secagg_targeted import ATTACKS
from tools.snippets import image, percent, say, table
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/engine/recorded"
SAME, SHUFFLED = 3, 5  # attacks: the round again as it was, and with images in another order
STAGES = {
    "setup": ("public keys, two a client", "the settings of the protocol"),
    "share_keys": (
        "shares of two secrets, encrypted for each of the group",
        "the public keys of a client's group",
    ),
    "collect_masked_vectors": (
        "masked integers",
        "the global model, others' shares for this client",
    ),
    "unmask": ("shares: of masks if a client is there, of keys if it has left", "who is there"),
}
NAMES = (
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


def screen(name):
    """Return what a command has printed when it was recorded."""
    return (FOLDER / f"{name}.txt").read_text()


def last_accuracy(path, server_round=-1):
    """Return the accuracy after a round of a recorded history, a fraction."""
    with open(path, newline="") as file:
        return float(list(csv.DictReader(file))[server_round]["accuracy"])


def secagg_facts():
    """Return what sentences of these sections quote, as text."""
    lesson = ROOT / "recorded/lesson/history.csv"
    plain, secure = last_accuracy(lesson), last_accuracy(FOLDER / "secagg_history.csv")
    limits = screen("secagg_limits")
    return {
        **view_facts(),
        "shuffled": opened_facts("careful")[SHUFFLED],
        "shuffled_trusting": opened_facts("trusting")[SHUFFLED],
        "same": opened_facts("trusting")[SAME],
        "accuracy_plain": percent(plain),
        "accuracy_secure": percent(secure),
        "points": f"{100 * abs(plain - secure):.2f}",
        "bits": re.search(r"they have (\d+) bits", limits)[1],
        "hours": re.search(r"key: ([\d.]+) hours", limits)[1],
        "messages_3": percent(last_accuracy(FOLDER / "messages_history.csv", 3)),
        "classic_3": percent(last_accuracy(lesson, 3)),
    }


def view_facts():
    """Return what the server's view came to, as text."""
    view = screen("secagg_view")
    return {
        "correlation": re.search(r"update: correlation ([+-][\d.]+)", view)[1],
        "correlation_most": re.search(r"([\d.]+) at most", view)[1],
        "noise": re.search(r"deviation ([\d.]+)", view)[1],
        "read_plain": re.search(r"off the updates: (\d+ of \d+) clients", view)[1],
        "read_masked": re.search(r"server holds: (\d+ of \d+) clients", view)[1],
        "upload": re.search(r"upload: ([\d,]+)", view)[1],
        "upload_plain": re.search(r"([\d,]+) without masks", view)[1],
        "ratio": f"{float(re.search(r'x ([0-9.]+)', view)[1]):.2f}",
    }


def opened_facts(clients):
    """Return {round: correlation of what the server has read, or "refused"} of a recorded run, as text."""
    lines = screen(f"secagg_opened_{clients}").splitlines()
    found = [re.search(r"correlation (\S+)$", line) for line in lines]
    return {number: match[1] if match else "refused" for number, match in enumerate(found, 1)}


def targeted_table():
    """Print what a server reads of one client's update, of clients that trust it and of ours."""
    trusting, careful = opened_facts("trusting"), opened_facts("careful")
    rows = [
        [attack.words, trusting[number], careful[number]]
        for number, attack in enumerate(ATTACKS, 1)
    ]
    table(["what the server does", "Flower's clients", "ours"], rows)


def tell_secure(text):
    """Print a paragraph with these sections' figures in it."""
    say(text, secagg_facts())


def stages_table():
    """Print what goes each way in the four stages, and how many bytes it takes for a client."""
    with open(FOLDER / "secagg_bytes.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = []
    for number, row in enumerate(rows, 1):
        up, down = STAGES[row["stage"]]
        sent = int(row["bytes_sent"]) / int(row["asked"])
        received = int(row["bytes_received"]) / int(row["replies"])
        lines.append([number, down, f"{sent:,.0f}", up, f"{received:,.0f}"])
    table(["", "server to client", "bytes", "client to server", "bytes"], lines)


def held_picture():
    """Print the picture of what the server sees, with and without masks."""
    image(
        "recorded/secagg_held.png",
        """Four charts, on the left without masks, on the right with. Above: the change of client 0's last
        layer, ten digits by 64 weights; on the left the rows of its digits stand out, on the right there is
        noise without rows. Below: which digits ten clients own and which were read off; on the left a square
        around every dot, on the right squares anywhere.""",
    )


def messages_table():
    """Print what the run in the Message API came to, round by round."""
    with open(FOLDER / "messages_history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [[row["round"], percent(float(row["accuracy"])), row["clients"]] for row in rows]
    table(["round", "accuracy", "clients averaged"], lines)


def names_table():
    """Print what things are called in the classic API, and in the Message API."""
    table(["classic", "Message API"], NAMES)


def entries(shares=10):
    """Print, as JSON, what makes the bundle's app a secure one."""
    from beyond.engine.secagg_app import components

    print(f"\n```json\n{json.dumps(components(shares), indent=2)}\n```\n")
