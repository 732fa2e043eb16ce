"""The picture of one run, of several, and of a damaged one."""

from pathlib import Path

import pytest

import plot_accuracy
from support.command_line import UserError
from support.tables import Round
from tests.support.small import HEADER, write_history

ACCURACIES = {"fedavg": (0.1, 0.5, 0.75), "other": (0.08, 0.9)}


@pytest.fixture
def results(tmp_path):
    """A directory with two runs in results/."""
    for name, accuracies in ACCURACIES.items():
        write_history(tmp_path / "results" / name, accuracies)
    return tmp_path


def axes_of(runs, **options):
    """Return the axes of a picture of runs, {name: accuracies}, when all has its place in it."""
    figure = plot_accuracy.draw(
        {
            name: [
                Round(k, 1.5, accuracy, 0.2, 3, 0, 10, 10) for k, accuracy in enumerate(accuracies)
            ]
            for name, accuracies in runs.items()
        },
        **options,
    )
    figure.canvas.draw()  # raises if a name is taken for a formula
    (axes,) = figure.axes
    return axes


def test_every_run_has_a_curve_of_its_accuracies():
    axes = axes_of(ACCURACIES)
    drawn = {tuple(line.get_ydata()): list(line.get_xdata()) for line in axes.get_lines()}
    assert drawn == {(10.0, 50.0, 75.0): [0, 1, 2], (8.0, 90.0): [0, 1]}
    assert legend_of(axes) == ["fedavg: 75.00 %", "other: 90.00 %"]
    assert axes.get_ylabel() == "Test accuracy (%)"
    assert axes.get_xlabel() == "Round (0: before training)"
    assert axes.get_legend().get_title().get_text() == "Run: accuracy after its last round"
    assert axes.get_title() == "Accuracy on the server's test images"
    assert axes.get_ylim() == pytest.approx((0, 109))
    assert all(place == round(place) for place in axes.get_xticks())  # there is no round 0.5
    assert labels_of(axes) == []  # those of several runs would cover each other


def legend_of(axes):
    """Return what the legend calls the curves."""
    return [text.get_text() for text in axes.get_legend().get_texts()]


def labels_of(axes):
    """Return what is written at points of curves, as (round, percent, words, weight)."""
    return [(*text.xy, text.get_text(), text.get_weight()) for text in axes.texts]


def test_every_point_of_a_lone_run_says_its_accuracy_and_the_last_one_loudest():
    assert labels_of(axes_of({"fedavg": (0.1, 0.5, 0.756)})) == [
        (0, 10.0, "10.0", "normal"),
        (1, 50.0, "50.0", "normal"),
        (2, 75.6, "75.6", "bold"),
    ]


@pytest.mark.parametrize("count, labelled", [(12, range(12)), (13, [12])])
def test_of_a_long_run_only_the_last_point_says_its_accuracy(count, labelled):
    labels = labels_of(axes_of({"long": [0.5] * count}))
    assert [place for place, *_ in labels] == list(labelled)


def test_the_lowest_accuracy_shown_is_ones_own_choice_and_the_axis_says_so():
    axes = axes_of({"$x_$y": (0.1, 0.97, 0.99)}, lowest=90)
    low, high = axes.get_ylim()
    assert low == 90 and 100 < high < 102
    assert "from 90 %" in axes.get_ylabel()
    assert [label.replace("\\", "") for label in legend_of(axes)] == ["$x_$y: 99.00 %"]


def plot(directory, monkeypatch, *words):
    """Run plot_accuracy.py in `directory`; return its pictures, {path: content}."""
    monkeypatch.chdir(directory)
    plot_accuracy.main(words)
    return {str(path): path.read_bytes() for path in Path().rglob("*.png")}


@pytest.mark.parametrize(
    "words, picture",
    [
        ([], "results/fedavg/accuracy.png"),
        (["results/other", "results/fedavg"], "results/other/accuracy.png"),
        (["results/fedavg", "results/other", "--output", "both.png"], "both.png"),
    ],
)
def test_a_picture_goes_beside_the_first_run_or_where_one_wants_it(
    results, monkeypatch, capsys, words, picture
):
    drawn = plot(results, monkeypatch, *words)
    assert drawn.keys() == {picture} and drawn[picture].startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"Wrote {picture}\n"
    assert plot(results, monkeypatch, *words) == drawn  # the same when it is drawn again


def test_a_run_is_called_by_its_own_name_wherever_it_is_named_from(results, monkeypatch):
    monkeypatch.chdir(results / "results/other")
    assert plot_accuracy.names_of([".", "../fedavg"]) == ["other", "fedavg"]
    assert plot_accuracy.names_of(["a/run", "b/run"]) == ["a/run", "b/run"]


DAMAGED = {
    "empty": "",
    "only a header": HEADER + "\n",
    "no header": "0,1.5,0.1,0.2,0,0,0,0\n",
    "a column missing": "round,loss\n0,1.5\n",
    "a word for a number": f"{HEADER}\n0,1.5,good,0.2,0,0,0,0\n",
    "a line cut off": f"{HEADER}\n0,1.5,0.1,0.2,0,0,0,0\n1,1.5,0.",
    "a round missing": f"{HEADER}\n0,1.5,0.1,0.2,0,0,0,0\n2,1.5,0.1,0.2,0,0,0,0\n",
    "rounds out of order": f"{HEADER}\n1,1.5,0.1,0.2,0,0,0,0\n0,1.5,0.1,0.2,0,0,0,0\n",
    "binary": "\x00\xff\xfe" * 100,
    "an accuracy that is none": f"{HEADER}\n0,1.5,nan,0.2,0,0,0,0\n",
    "an accuracy above one": f"{HEADER}\n0,1.5,97.5,0.2,0,0,0,0\n",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_history_is_named_and_an_earlier_picture_stays(results, monkeypatch, content):
    picture = results / "results/fedavg/accuracy.png"
    picture.write_text("an earlier picture", encoding="utf-8")
    picture.with_name("history.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=r"^results/fedavg/history\.csv is damaged"):
        plot(results, monkeypatch)
    assert picture.read_text(encoding="utf-8") == "an earlier picture"


def test_a_label_is_not_struck_through_where_the_curve_turns():
    axes = axes_of({"skewed": (0.09, 0.1, 0.42, 0.38, 0.8)})
    first, *others = axes.texts
    (curve,) = axes.get_lines()
    assert first.get_window_extent().y1 < axes.transData.transform((0, 9))[1]  # below its point
    for label in others:
        assert label.get_zorder() > curve.get_zorder()
        assert label.get_bbox_patch().get_facecolor() == (1, 1, 1, 0.7)


def test_a_long_name_leaves_room_for_the_curves():
    axes = axes_of({"x" * 200: (0.1, 0.5), "short": (0.1, 0.5)})
    assert axes.get_legend().get_window_extent().width < 0.75 * axes.get_window_extent().width
    assert legend_of(axes) == ["x" * 39 + "…: 50.00 %", "short: 50.00 %"]
