"""The page claims what its recordings have, and these have what was asked for."""

import ast
import re

from pages.page import Page
from pages.secure_aggregation.facts import PAGE
from support.tables import read_history
from tests.support.harness import ROOT


def test_the_page_promises_nothing():
    assert re.findall(r"(\w+ \w+) guarantee", PAGE.render()) == ["is no"]


def test_secure_aggregation_costs_no_accuracy():
    lesson = read_history(Page("lesson").recorded / "lesson")[-1]
    secure = PAGE.rows("history")[-1]
    assert secure["round"] == lesson.round == 10
    assert abs(secure["accuracy"] - lesson.accuracy) < 0.003


def test_the_server_holds_noise_and_arithmetic_reads_nothing_off_it():
    known = PAGE.figures
    assert abs(float(known["correlation"])) <= 0.01
    assert float(known["correlation_most"]) <= 4 * float(known["noise"])
    plain, masked = (int(known[f"read_{view}"].split()[0]) for view in ("plain", "masked"))
    assert plain >= 9 and masked <= 1


def test_uploads_are_about_twice_as_large():
    assert 2 <= float(PAGE.figures["ratio"]) <= 2.05


def test_who_left_is_missing_in_one_round_only():
    text = PAGE.screen("dropout")
    missing = re.findall(r"^Round (\d): no update from (Client \d);", text, re.M)
    assert missing == [("2", "Client 3")]
    accuracies = [float(found) for found in re.findall(r"accuracy ([\d.]+)%", text)]
    assert len(accuracies) == 4 and accuracies[1:] == sorted(accuracies[1:])


def test_no_round_was_lost_with_the_node():
    found = re.findall(r"^Round (\d): (\d) clients", PAGE.screen("killed"), re.M)
    assert found == [("0", "0"), ("1", "6"), ("2", "6"), ("3", "5"), ("4", "5"), ("5", "5")]


def test_the_client_that_diverged_left_itself_out():
    text = PAGE.screen("spoiled")
    refusals = re.findall(r"^Round 1: Client \d refuses: .* would be cut off at 80 .*$", text, re.M)
    assert refusals and "no update" not in text
    before, after = (float(found) for found in re.findall(r"accuracy ([\d.]+)%", text))
    assert after != before


def test_the_lines_that_the_page_types_stand_in_the_app():
    tree = ast.parse((ROOT / "beyond/secure_aggregation/app.py").read_text(encoding="utf-8"))
    lines = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    typed = [line for line in lines if line.startswith(("client_app", "MODS"))]
    assert "\n".join(typed) in PAGE.source.read_text(encoding="utf-8")
