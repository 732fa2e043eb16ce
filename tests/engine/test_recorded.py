"""The page claims what its recordings have, and these have what was asked for."""

from pages.engine.facts import PAGE
from pages.page import Page
from support.tables import read_history


def test_chapters_come_to_the_same_on_both_engines():
    rows = PAGE.rows("chapters")
    assert {row["chapter"] for row in rows} == {"heterogeneity", "privacy"}
    assert all(row["classic"] == row["engine"] and row["same_books"] == "True" for row in rows)


def test_the_message_api_learns_what_the_lesson_learns():
    lesson = read_history(Page("lesson").recorded / "lesson")[3].accuracy
    assert abs(PAGE.rows("messages_history")[3]["accuracy"] - lesson) < 0.003


def test_the_table_of_names_has_names_that_flower_has():
    from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
    from flwr.clientapp import ClientApp
    from flwr.serverapp import Grid, ServerApp
    from flwr.serverapp.strategy import FedAvg

    page = PAGE.path.read_text(encoding="utf-8")
    table = page.partition("| classic | Message API |")[2].partition("\n\n")[0]
    text = " ".join(row.rsplit(" | ", 1)[-1] for row in table.splitlines())
    for record in (ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict, ClientApp, FedAvg):
        assert record.__name__ in text
    for owner, names in {
        ClientApp: ("train", "evaluate", "query"),
        ServerApp: ("main",),
        FedAvg: ("start", "configure_train", "aggregate_train"),
        Grid: ("get_node_ids",),
    }.items():
        assert all(hasattr(owner, name) and name in text for name in names)
