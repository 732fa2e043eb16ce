"""Sections 8.6 and 8.7 claim what their recordings have, and these have what was asked for."""

from support.history import read_history

import ast
import csv
import re

from beyond.engine import snippets_secagg
from tests.support.harness import ROOT
from tools.pages import render

FOLDER = ROOT / "beyond/engine/recorded"
SOURCE = ROOT / "beyond/engine/page_secagg.md"


def test_the_page_can_be_written_and_promises_nothing():
    text = render(SOURCE)
    assert "## 8.6 Secure aggregation" in text and "## 8.7 The Message API" in text
    assert "[[[" not in text
    assert re.findall(r"\w+ \w+ \w+ guarantee", text) == ["none is a guarantee"]
    assert text.count("guarantee") == 1


def test_secure_aggregation_costs_no_accuracy():
    lesson = read_history(ROOT / "recorded/lesson")[-1]
    with open(FOLDER / "secagg_history.csv", newline="") as file:
        secure = list(csv.DictReader(file))[-1]
    assert int(secure["round"]) == lesson.round == 10
    assert abs(float(secure["accuracy"]) - lesson.accuracy) < 0.003


def test_the_server_holds_noise_and_chapter_7_reads_nothing_off_it():
    known = snippets_secagg.secagg_facts()
    assert abs(float(known["correlation"])) <= 0.01
    assert float(known["correlation_most"]) <= 4 * float(known["noise"])
    plain, masked = (int(known[f"read_{view}"].split()[0]) for view in ("plain", "masked"))
    assert plain >= 9 and masked <= 1


def test_uploads_are_about_twice_as_large():
    assert 2 <= float(snippets_secagg.secagg_facts()["ratio"]) <= 2.05


def test_a_key_has_28_bits():
    assert snippets_secagg.secagg_facts()["bits"] == "28"


def test_who_left_is_missing_in_one_round_only():
    text = snippets_secagg.screen("secagg_dropout")
    assert re.findall(r"^Round (\d): no update from (Client \d);", text, re.M) == [
        ("2", "Client 3")
    ]
    accuracies = [float(found) for found in re.findall(r"accuracy ([\d.]+)%", text)]
    assert len(accuracies) == 4 and accuracies[1:] == sorted(accuracies[1:])


def test_no_round_was_lost_with_the_node():
    found = re.findall(r"^Round (\d): (\d) clients", snippets_secagg.screen("fault_masked"), re.M)
    assert found == [("0", "0"), ("1", "6"), ("2", "6"), ("3", "5"), ("4", "5"), ("5", "5")]


def test_the_client_that_diverged_left_itself_out():
    text = snippets_secagg.screen("secagg_spoiled")
    refusals = re.findall(r"^Round 1: Client \d refuses: .* would be cut off at 80 .*$", text, re.M)
    assert refusals and "no update" not in text
    before, after = (float(found) for found in re.findall(r"accuracy ([\d.]+)%", text))
    assert after != before


def test_what_is_refused_tells_nothing_and_what_is_not_tells_a_lot():
    trusting, careful = map(snippets_secagg.opened_facts, ("trusting", "careful"))
    assert {number for number, found in careful.items() if found == "refused"} == {1, 2, 3}
    assert "refused" not in trusting.values()
    read = {number: [float(trusting[number])] for number in trusting}
    for number in (4, 5, 6, 7):
        read[number].append(float(careful[number]))
    assert min(min(read[number]) for number in (1, 2, 3, 6, 7)) > 0.99
    assert min(read[4]) > 0.8 > max(read[snippets_secagg.SHUFFLED])
    refusals = snippets_secagg.screen("secagg_refusals")
    assert re.findall(r"^Round (\d): Client 0 refuses: ", refusals, re.M) == ["1", "2", "3"]


def test_the_message_api_learns_what_the_lesson_learns():
    lesson = read_history(ROOT / "recorded/lesson")[3].accuracy
    assert abs(snippets_secagg.last_accuracy(FOLDER / "messages_history.csv", 3) - lesson) < 0.003


def test_the_table_of_names_has_names_that_flower_has():
    from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
    from flwr.clientapp import ClientApp
    from flwr.serverapp import Grid, ServerApp
    from flwr.serverapp.strategy import FedAvg

    text = " ".join(new for _, new in snippets_secagg.NAMES)
    for record in (ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict, ClientApp, FedAvg):
        assert record.__name__ in text
    for owner, names in {
        ClientApp: ("train", "evaluate", "query"),
        ServerApp: ("main",),
        FedAvg: ("start", "configure_train", "aggregate_train"),
        Grid: ("get_node_ids",),
    }.items():
        assert all(hasattr(owner, name) and name in text for name in names)


def test_the_lines_that_the_page_types_stand_in_the_app():
    tree = ast.parse((ROOT / "beyond/engine/secagg_app.py").read_text())
    lines = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    typed = [line for line in lines if line.startswith(("client_app", "MODS"))]
    assert "\n".join(typed) in SOURCE.read_text()
