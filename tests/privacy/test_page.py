"""Chapter 7 claims what its recordings have, and they have what was asked for."""

import csv
import json
import re
import statistics
from pathlib import Path

import pytest

from beyond.privacy import figures, noised
from beyond.privacy.accountant import spent_epsilon

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "beyond/privacy/recorded"


def rows(name):
    with open(FOLDER / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["wiretap", "smugglers"])
def test_no_byte_is_unexplained(name):
    text = (FOLDER / f"{name}.txt").read_text()
    sums = r"carried ([\d,]+) bytes; the books have ([\d,]+), unexplained 0$"
    carried, books = re.search(sums, text, re.MULTILINE).groups()
    table = figures.wire_rows(name)
    assert carried == books == f"{sum(row['all'] for row in table.values()):,}"
    assert all(row["unexplained"] == 0 for row in table.values())


def test_controls_are_caught_and_low_bits_are_not():
    text = (FOLDER / "smugglers.txt").read_text()
    assert {int(client) for client in re.findall(r"^FOUND image 0 of client (\d)", text, re.M)} == {
        0,
        1,
        2,
    }
    assert "are image 0 of client 3, exactly" in text
    assert "FOUND" not in (FOLDER / "wiretap.txt").read_text()


def test_what_is_read_off_is_as_good_as_demanded():
    for seed in figures.SEEDS:
        text = figures.screen(f"read_update_{seed}")
        assert int(re.search(r"(\d+) of 50 right", text)[1]) >= 48
        assert float(re.search(r"relative error ([\d.e-]+)", text)[1]) < 1e-5
        assert int(re.search(r"Shards: (\d+) of 10", text)[1]) >= 8


def test_the_digits_of_the_picture_are_those_counted():
    exact = 0
    for client in range(10):
        own = [
            row
            for row in rows("digits")
            if (row["scheme"], row["client"]) == ("shards", str(client))
        ]
        exact += all((int(row["images"]) > 0) == (row["read"] == "1") for row in own)
    assert f"Shards: {exact} of 10 clients exactly" in figures.screen("read_update_0")


def test_inversion_is_as_good_as_demanded_and_fails_where_the_page_says():
    found = {}
    for row in rows("inversion"):
        found.setdefault(row["case"], []).append((int(row["rank"]), float(row["psnr"])))
    single, batch, wrong, _, epoch = found.values()
    assert [len(case) for case in found.values()] == [8, 8, 6, 4, 8]
    assert sum(rank == 1 for rank, _ in single) >= 7
    assert statistics.median(decibels for _, decibels in single) >= 30
    assert sum(rank == 1 for rank, _ in batch) >= 6
    assert sum(rank == 1 for rank, _ in wrong) >= 5
    assert min(rank for rank, _ in epoch) > 100


def test_epsilon_is_that_of_the_closed_form():
    # mu of epsilon 8 and delta 0.01 is 2.45; of epsilon 8 and delta 1e-5, 1.67
    assert spent_epsilon(60**0.5 / 2.45, 60, 0.01) == pytest.approx(8, abs=0.05)
    assert spent_epsilon(1 / 1.67, 1, 1e-5) == pytest.approx(8, abs=0.05)
    assert spent_epsilon(noised.EPSILON_8, 60, 0.01) == pytest.approx(8, abs=0.05)


def test_the_strip_and_its_accuracies_belong_together():
    accuracies = {row["noise"]: row["accuracy"] for row in rows("noise_accuracy")}
    strip = {row["noise"]: row["accuracy"] for row in rows("defences")}
    assert list(strip) == [f"{noise:g}" for noise in noised.NOISES]
    assert all(float(accuracies[noise]) == float(kept) for noise, kept in strip.items())


def test_inversion_takes_less_than_four_minutes():
    assert json.loads((FOLDER / "seconds.json").read_text())["invert_update"] < 240


def test_the_lesson_and_its_support_know_nothing_of_this_chapter():
    files = [*ROOT.glob("*.py"), *ROOT.glob("support/*.py")]
    assert len(files) > 20
    for file in files:
        assert not re.search(r"privacy\.|hyperframe|hpack", file.read_text()), file
