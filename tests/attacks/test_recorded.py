"""The page claims what its recordings have, and these have what was asked for."""

import re
import statistics

from pages.attacks.facts import PAGE, SEEDS, figures


def test_what_is_read_off_is_as_good_as_demanded():
    for seed in SEEDS:
        text = PAGE.screen(f"read_update_{seed}")
        assert int(re.search(r"(\d+) of 50 right", text)[1]) >= 48
        assert float(re.search(r"relative error ([\d.e-]+)", text)[1]) < 1e-5
        assert int(re.search(r"Shards: (\d+) of 10", text)[1]) >= 8


def test_a_trained_model_tells_labels_and_no_digits():
    known = figures()
    assert int(known["trained_labels"].split()[0]) >= 35
    assert int(known["trained_digits"]) <= 3
    assert int(known["trained_answers"]) <= int(known["absent_shards"]) + 5


def test_the_digits_of_the_picture_are_those_counted():
    wrong = {
        row["client"]
        for row in PAGE.rows("digits")
        if row["scheme"] == "shards" and (row["images"] > 0) != (row["read"] == 1)
    }
    assert f"Shards: {10 - len(wrong)} of 10 clients exactly" in PAGE.screen("read_update_0")


def test_inversion_is_as_good_as_demanded_and_fails_where_the_page_says():
    found = {}
    for row in PAGE.rows("inversion"):
        found.setdefault(row["case"], []).append((row["rank"], row["psnr"]))
    single, batch, wrong, _, epoch = found.values()
    assert [len(case) for case in found.values()] == [8, 8, 6, 4, 8]
    assert sum(rank == 1 for rank, _ in single) >= 7
    assert statistics.median(decibels for _, decibels in single) >= 30
    assert sum(rank == 1 for rank, _ in batch) >= 6
    assert sum(rank == 1 for rank, _ in wrong) >= 5
    assert min(rank for rank, _ in epoch) > 100
