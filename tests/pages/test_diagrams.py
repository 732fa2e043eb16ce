"""The diagrams are up to date, readable in both themes, and name only what exists.

The checks read the SVG files as a browser would get them. Text is as wide as in DejaVu Sans, which is wider
than Helvetica and Arial: every reader's machine brings its own fonts.
"""

import ast
import re
from collections import namedtuple
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import flwr.server.strategy.fedavg
import pytest
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox

from diagrams import build
from tests.support.harness import ROOT
from tests.support.pictures import contrast
from tests.support.small import HEADER

FOLDER = ROOT / "diagrams"
SVG = "{http://www.w3.org/2000/svg}"
SCENES = ["centralized_vs_federated", *(f"round_step_{step}" for step in (1, 2, 3, 4))]
SCENES += ["fedavg_arithmetic", "files_processes_ports", "round_sequence"]
DRAWN = [f"{scene}.{theme}.svg" for scene in SCENES for theme in ("light", "dark")]
every_diagram = pytest.mark.parametrize("name", DRAWN)
every_scene = pytest.mark.parametrize("scene", SCENES)

# A line: `size` is the smallest in it, `code` its monospace runs, `under` what it lies on, (colour, box).
Text = namedtuple("Text", "content size fill box under code")


@cache
def picture(name):
    return ElementTree.parse(FOLDER / name).getroot()


@cache
def texts(name):
    """All lines of text in a diagram, each with the rectangle painted last beneath it."""
    found, rectangles = [], []
    for element in picture(name):
        if element.tag == f"{SVG}rect" and element.get("fill") != "none":
            size = (float(element.get(name)) for name in ("width", "height"))
            rectangles.append((element.get("fill"), box_of(element, *size)))
        if element.tag == f"{SVG}text":
            found.append(read_text(element, rectangles))
    return found


def box_of(element, width, height, down=0.0):
    """The box of an element that begins where it says, `down` pixels lower."""
    return Bbox.from_bounds(float(element.get("x")), float(element.get("y")) + down, width, height)


def read_text(element, rectangles):
    size = float(element.get("font-size"))
    width = text_width(element, size)
    before = {"start": 0, "middle": width / 2, "end": width}[element.get("text-anchor")]
    box = box_of(element, width, 0.97 * size, -0.75 * size).translated(-before, 0)
    middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return Text(
        content="".join(element.itertext()),
        size=min([size, *(float(run.get("font-size", size)) for run in element)]),
        fill=element.get("fill"),
        box=box,
        under=[one for one in rectangles if one[1].contains(*middle)][-1],
        code=[run.text for run in element if is_code(run)],
    )


def is_code(run):
    return "monospace" in run.get("font-family", "")


def text_width(element, size):
    """Pixels that a line of text takes, run by run."""
    weight = element.get("font-weight", "normal")
    runs = [(element.text, "DejaVu Sans", size)]
    for run in element:
        family = "DejaVu Sans Mono" if is_code(run) else "DejaVu Sans"
        runs += [(run.text, family, float(run.get("font-size", size)))]
        runs += [(run.tail, "DejaVu Sans", size)]
    return sum(
        text_to_path.get_text_width_height_descent(
            text, FontProperties(family=family, weight=weight, size=points), ismath=False
        )[0]
        for text, family, points in runs
        if text
    )


# The files


def test_files_on_disk_are_what_the_script_writes_and_nothing_else_lies_around():
    assert not build.out_of_date(build.build()), "run python -m diagrams.build"
    assert {path.name for path in FOLDER.glob("*.svg")} == set(DRAWN)


@every_scene
def test_light_and_dark_say_the_same_in_the_same_places(scene):
    light, dark = (
        [(text.content, text.box.bounds) for text in texts(f"{scene}.{theme}.svg")]
        for theme in ("light", "dark")
    )
    assert light == dark


def test_check_passes_after_writing_and_fails_after_a_change(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    build.main([])
    build.main(["--check"])
    (tmp_path / "round_step_2.dark.svg").write_text("changed", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"out of date: round_step_2\.dark\.svg"):
        build.main(["--check"])


USELESS = [None, b"", HEADER.encode(), b"round\n1\n", f"{HEADER}\n1,0.4".encode(), b"\xff\x00"]


@pytest.mark.parametrize("content", USELESS)
def test_a_missing_or_useless_history_is_one_line_and_exit_2(tmp_path, capsys, content):
    history = tmp_path / "history.csv"
    if content is not None:
        history.write_bytes(content)
    with pytest.raises(SystemExit) as stopped:
        build.main(["--check", "--history", str(history)])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


# What a reader sees


@every_diagram
def test_a_diagram_has_a_title_a_description_an_image_role_and_its_own_background(name):
    root = picture(name)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc")
    ground = root.find(f"{SVG}rect")
    assert root.get("viewBox") == f"0 0 760 {root.get('height')}"
    assert (ground.get("width"), ground.get("height")) == ("760", root.get("height"))
    assert re.fullmatch("#[0-9a-f]{6}", ground.get("fill"))


@every_diagram
def test_text_is_large_enough_stands_out_and_stays_inside_the_box_it_lies_on(name):
    for text in texts(name):
        fill, box = text.under
        assert text.size >= 13, text.content
        assert contrast(to_rgb(text.fill), to_rgb(fill)) >= 4.5, text.content
        assert box.contains(*text.box.min) and box.contains(*text.box.max), text.content


@every_diagram
def test_texts_do_not_run_into_each_other(name):
    for one, other in combinations(texts(name), 2):
        assert not one.box.overlaps(other.box), (one.content, other.content)


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
    assert (number * 100).denominator == 1, "the example should need no rounding"
    return f"{float(number):.2f}".replace("-", "\u2212")


def test_the_size_of_the_weights_is_the_recorded_one(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text(f"{HEADER}\n1,1.5,0.9,0.2,3,0,450000,10\n", encoding="utf-8")
    drawn = build.build(history)["round_sequence.light.svg"]
    assert drawn.count(">weights, 150 KB<") == 2


SIZES = {999: "999 bytes", 1000: "1 KB", 187_944: "188 KB", 999_500: "1.0 MB", 2_400_000: "2.4 MB"}


@pytest.mark.parametrize("size, words", SIZES.items())
def test_sizes_are_written_with_1000_bytes_to_a_kilobyte(size, words):
    assert build.in_words(size) == words


@every_scene
def test_every_name_set_as_code_exists(scene):
    runs = [run for text in texts(f"{scene}.light.svg") for run in text.code]
    words = {word.removesuffix("()").removesuffix("/") for run in runs for word in run.split()}
    unknown = [word for word in words - {"python"} if not word.isdigit() and not exists(word)]
    assert unknown == []


def exists(word):
    """Whether a word is a file here, or text or a name in the code; a number may be any in a file's name."""
    parts = re.sub(r"\d+", "0", word).split("/")
    known = vocabulary()
    a_client = f"{parts[0]}.npz" in known
    return (ROOT / word).exists() or word in known or a_client or known.issuperset(parts)


@cache
def vocabulary():
    """Names and texts in the lesson's files, file names with 0 for a number, and names in Flower's FedAvg."""
    known = {node for node in words_in(flwr.server.strategy.fedavg.__file__) if node.isidentifier()}
    for path in [*ROOT.glob("*.py"), *ROOT.glob("support/*.py")]:
        known |= words_in(path)
    return known


def words_in(path):
    """What the code in a file calls by name, and its texts."""
    words = set()
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        words |= {getattr(node, part) for part in ("name", "id", "attr") if hasattr(node, part)}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            words.add(re.sub(r"\{.*?\}", "0", ast.unparse(node)[2:-1]))
    return words - {None}
