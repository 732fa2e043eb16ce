"""The diagrams are up to date, readable in both themes, and name only what exists.

The checks read the SVG files as a browser would get them. Text widths are estimates on the wide
side, because every reader's machine brings its own fonts.
"""

import ast
import importlib.util
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from diagrams import build
from tests.support.harness import ROOT

FOLDER = ROOT / "diagrams"

SVG = "{http://www.w3.org/2000/svg}"
SCENES = (
    "centralized_vs_federated",
    "round_step_1",
    "round_step_2",
    "round_step_3",
    "round_step_4",
    "fedavg_arithmetic",
    "files_processes_ports",
    "round_sequence",
)
DRAWN = [f"{scene}.{theme}.svg" for scene in SCENES for theme in ("light", "dark")]
every_diagram = pytest.mark.parametrize("name", DRAWN)

HISTORY = (
    "round,loss,accuracy,seconds,clients,failures,bytes_sent,bytes_received\n"
    "0,2.3,0.1,0.5,0,0,0,0\n"
    "1,0.4,0.9,4.0,10,0,1500000,1500000\n"
)


@dataclass
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x, y):
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def overlaps(self, other):
        apart = self.right <= other.left or other.right <= self.left
        return not apart and self.top < other.bottom and other.top < self.bottom


@dataclass
class Text:
    content: str
    size: float  # the smallest in this line
    fill: str
    box: Box  # estimated
    under: ElementTree.Element  # the rectangle that this text lies on
    code: list  # the monospace runs


@cache
def picture(name):
    return ElementTree.parse(FOLDER / name).getroot()


@cache
def texts(name):
    """All lines of text in a diagram, each with the rectangle painted last beneath it."""
    found, rectangles = [], []
    for element in picture(name):
        if element.tag == f"{SVG}rect" and element.get("fill") != "none":
            rectangles.append(element)
        if element.tag == f"{SVG}text":
            found.append(read_text(element, rectangles))
    return found


def read_text(element, rectangles):
    size = float(element.get("font-size"))
    width = estimated_width(element, size)
    before = {"start": 0, "middle": width / 2, "end": width}[element.get("text-anchor")]
    left, baseline = float(element.get("x")) - before, float(element.get("y"))
    box = Box(left, baseline - 0.75 * size, left + width, baseline + 0.22 * size)
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return Text(
        content="".join(element.itertext()),
        size=min([size, *(float(run.get("font-size", size)) for run in element)]),
        fill=element.get("fill"),
        box=box,
        under=[rect for rect in rectangles if edges(rect).holds(*middle)][-1],
        code=[run.text for run in element if is_code(run)],
    )


def edges(rectangle):
    left, top = float(rectangle.get("x")), float(rectangle.get("y"))
    width, height = float(rectangle.get("width")), float(rectangle.get("height"))
    return Box(left, top, left + width, top + height)


def is_code(run):
    return "monospace" in run.get("font-family", "")


def estimated_width(element, size):
    """Pixels, by characters: wider than Arial, Helvetica and DejaVu Sans set ordinary words."""
    plain = 0.62 if element.get("font-weight") == "bold" else 0.56
    width = len(element.text or "") * plain * size
    for run in element:
        run_size = float(run.get("font-size", size))
        width += len(run.text) * (0.61 if is_code(run) else plain) * run_size
        width += len(run.tail or "") * plain * size
    return width


def luminance(color):
    """Relative luminance, as WCAG 2 defines it."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


# The files


def test_files_on_disk_are_what_the_script_writes():
    if not build.HISTORY.exists():
        pytest.skip("recorded/lesson/history.csv is not recorded yet")
    stale = build.out_of_date(build.build())
    assert not stale, "run python -m diagrams.build"


def test_every_scene_exists_in_light_and_dark_and_nothing_else_lies_around():
    assert {path.name for path in FOLDER.glob("*.svg")} == set(DRAWN)


@pytest.mark.parametrize("scene", SCENES)
def test_light_and_dark_say_the_same_in_the_same_places(scene):
    light, dark = texts(f"{scene}.light.svg"), texts(f"{scene}.dark.svg")
    assert [(text.content, text.box) for text in light] == [
        (text.content, text.box) for text in dark
    ]


def test_check_passes_after_writing_and_fails_after_a_change(tmp_path, monkeypatch, capsys):
    history = tmp_path / "history.csv"
    history.write_text(HISTORY)
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    build.main(["--history", str(history)])
    build.main(["--check", "--history", str(history)])
    (tmp_path / "round_step_2.dark.svg").write_text("changed")
    with pytest.raises(SystemExit, match=r"out of date: round_step_2\.dark\.svg"):
        build.main(["--check", "--history", str(history)])


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        HISTORY.splitlines()[0],
        "round\n1\n",
        HISTORY.removesuffix(",10,0,1500000,1500000\n"),
        "\xff\x00",
    ],
)
def test_a_missing_or_useless_history_is_one_line_and_exit_2(tmp_path, capsys, content):
    history = tmp_path / "history.csv"
    if content is not None:
        history.write_bytes(content.encode("latin-1"))
    with pytest.raises(SystemExit) as stopped:
        build.main(["--check", "--history", str(history)])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


# What a reader sees


@every_diagram
def test_a_diagram_has_a_title_a_description_and_an_image_role(name):
    root = picture(name)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")


@every_diagram
def test_a_diagram_brings_its_own_background(name):
    root = picture(name)
    ground = root.find(f"{SVG}rect")
    assert root.get("viewBox") == f"0 0 760 {root.get('height')}"
    assert (ground.get("width"), ground.get("height")) == ("760", root.get("height"))
    assert re.fullmatch("#[0-9a-f]{6}", ground.get("fill"))


@every_diagram
def test_text_is_at_least_13_pixels(name):
    assert [text.content for text in texts(name) if text.size < 13] == []


@every_diagram
def test_text_stands_out_from_what_it_lies_on(name):
    faint = [
        text.content for text in texts(name) if contrast(text.fill, text.under.get("fill")) < 4.5
    ]
    assert faint == []


@every_diagram
def test_text_stays_inside_the_box_it_lies_on(name):
    outside = [
        text.content
        for text in texts(name)
        if not edges(text.under).holds(text.box.left, text.box.top)
        or not edges(text.under).holds(text.box.right, text.box.bottom)
    ]
    assert outside == []


@every_diagram
def test_texts_do_not_run_into_each_other(name):
    lines = texts(name)
    overlapping = [
        (one.content, other.content)
        for position, one in enumerate(lines)
        for other in lines[position + 1 :]
        if one.box.overlaps(other.box)
    ]
    assert overlapping == []


# What the diagrams claim


def test_the_worked_example_is_right():
    counts = build.WORKED_EXAMPLE["num_examples"]
    weights = [Fraction(str(weight)) for weight in build.WORKED_EXAMPLE["weights"]]
    shares = [Fraction(count, sum(counts)) for count in counts]
    products = [share * weight for share, weight in zip(shares, weights, strict=True)]
    shown = [text.content for text in texts("fedavg_arithmetic.light.svg")]

    expected = [f"{count:,}" for count in counts] + [str(float(share)) for share in shares]
    expected += [two_decimals(number) for number in (*weights, *products)]
    expected += [two_decimals(sum(products)), two_decimals(sum(weights) / len(weights))]
    assert set(expected) <= set(shown)
    assert build.fedavg(counts, weights) == sum(products)


def two_decimals(number):
    hundredths = number * 100
    assert hundredths.denominator == 1, "the example should need no rounding"
    return f"{float(number):.2f}".replace("-", "\u2212")


def test_the_size_of_the_weights_is_the_recorded_one(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text(HISTORY)
    drawn = build.build(history)["round_sequence.light.svg"]
    assert drawn.count(">weights, 150 KB<") == 2


@pytest.mark.parametrize(
    ("size", "words"),
    [(999, "999 bytes"), (187_944, "188 KB"), (999_500, "1.0 MB"), (2_400_000, "2.4 MB")],
)
def test_sizes_are_written_with_1000_bytes_to_a_kilobyte(size, words):
    assert build.in_words(size) == words


@pytest.mark.parametrize("scene", SCENES)
def test_every_name_set_as_code_exists(scene):
    runs = [run for text in texts(f"{scene}.light.svg") for run in text.code]
    unknown = {word for run in runs for word in words_in(run) if not exists(word)}
    assert unknown == set()


def words_in(run):
    """The names in a run of code: `python client.py` and `--partition-id 0` hold one each."""
    words = (word.removesuffix("()").removesuffix("/") for word in run.split())
    return [word for word in words if word != "python" and not word.isdigit()]


def exists(word):
    """Whether a word is a file here, a text in the code, or a name in the code or in Flower."""
    names, strings, patterns = vocabulary()
    folder, _, file = word.rpartition("/")
    made_here = file in strings or any(re.fullmatch(pattern, file) for pattern in patterns)
    a_client = any(re.fullmatch(pattern, f"{word}.npz") for pattern in patterns)
    if (ROOT / word).exists() or word in names | strings or a_client:
        return True
    return made_here and (not folder or folder in strings)


@cache
def vocabulary():
    """Names and texts in the lesson's files, and the names in Flower's FedAvg."""
    names, strings, patterns = names_in(flower_strategy()), set(), set()
    for path in [*ROOT.glob("*.py"), *ROOT.glob("support/*.py")]:
        names |= names_in(path)
        strings |= {node.value for node in nodes(path) if is_string(node)}
        patterns |= {file_pattern(node) for node in nodes(path) if isinstance(node, ast.JoinedStr)}
    return names, strings, patterns - {None}


def names_in(path):
    """Functions, classes, and whatever else the code calls by name."""
    names = set()
    for node in nodes(path):
        names |= {getattr(node, part) for part in ("name", "id", "attr") if hasattr(node, part)}
    return names


def nodes(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def is_string(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def flower_strategy():
    package = Path(importlib.util.find_spec("flwr").origin).parent
    return package / "server" / "strategy" / "fedavg.py"


def file_pattern(node):
    """A pattern for f"client_{number}.npz"; None for an f-string that is not a file name."""
    pieces = [re.escape(part.value) if is_string(part) else r"\d+" for part in node.values]
    pattern = "".join(pieces)
    return pattern if re.fullmatch(r"\w+\\d\+\\\.\w+", pattern) else None
