"""What holds for every page: it is what its source, code and recordings make of it, and leads somewhere."""

import contextlib
import importlib
import re

import pytest

from pages.__main__ import main
from pages.page import Page, all_pages
from tests.support.harness import ROOT
from tests.support.pages import (
    assert_leads_somewhere,
    assert_pictures_have_words,
    count_words,
    prose,
    targets_of,
)

PAGES = {page.name: page for page in all_pages()}
BY_HAND = ["beyond/README.md", "data/README.md", "support/README.md", "CONTRIBUTING.md"]
PATHS = [page.path.relative_to(ROOT).as_posix() for page in PAGES.values()] + BY_HAND
ROOMS = [name for name, page in PAGES.items() if page.path == ROOT / f"beyond/{name}/README.md"]
MOST_WORDS = 2500
COMMAND = re.compile(
    r"\bpython ((?:-m )?(?:beyond\.(?!toy)|pages|benchmarks|\w+\.py)[\w./]*)((?:\\\n|[^`\n#])*)"
)
TYPED = re.compile(r"--chapter \w+|--[a-z][a-z0-9-]*")
COMMANDS = sorted(
    {
        (program, " ".join(TYPED.findall(words)))
        for page in PAGES.values()
        for program, words in COMMAND.findall(page.path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("name", PAGES)
def test_code_outputs_and_figures_are_those_of_the_files_and_the_recorded_runs(name):
    assert PAGES[name].stale() is None


def test_a_page_that_somebody_has_changed_is_stale_and_says_what_mends_it(tmp_path, monkeypatch):
    monkeypatch.setattr("pages.page.ROOT", tmp_path)
    monkeypatch.setattr("pages.__main__.ROOT", tmp_path)
    monkeypatch.setattr("pages.page.PLACES", {"one": "page.md", "two": "second.md"})
    source, page = tmp_path / "pages/one/page.md", tmp_path / "page.md"
    source.parent.mkdir(parents=True)
    source.write_text("<!-- [[[cog print(6 * 7) ]]] -->\n<!-- [[[end]]] -->\n", encoding="utf-8")
    assert "run make readme" in Page("one").stale()
    main([])
    assert Page("one").stale() is None
    assert page.read_text(encoding="utf-8").splitlines()[-1] == "42"
    page.write_text(page.read_text(encoding="utf-8").replace("42", "43"), encoding="utf-8")
    stale = "page.md is not what pages/one/page.md and the code say; run make readme"
    assert Page("one").stale() == stale
    with pytest.raises(SystemExit, match=r"page\.md .* run make readme"):
        main(["--check"])
    (tmp_path / "pages/two").mkdir()
    (tmp_path / "pages/two/page.md").write_text("words\n", encoding="utf-8")
    main([])
    (tmp_path / "second.md").unlink()
    with pytest.raises(SystemExit, match=r"^second\.md [^\n]*run make readme$"):
        main(["--check"])
    main([])
    with pytest.raises(SystemExit, match="0"):
        main(["--check"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_in_an_editor(name):
    text = PAGES[name].path.read_text(encoding="utf-8")
    assert "[[[" not in text
    for line in prose(text).splitlines():
        assert len(line) <= 120 or re.match(r"\|", line) or re.search(r"https?://|\]\(|src", line)


@pytest.mark.parametrize("name", ROOMS)
def test_a_page_answers_one_question_in_2500_words(name):
    assert count_words(PAGES[name].path.read_text(encoding="utf-8")) <= MOST_WORDS


@pytest.mark.parametrize("path", PATHS)
def test_every_relative_link_and_picture_leads_somewhere_and_has_words(path):
    for target in targets_of(ROOT / path):
        assert_leads_somewhere(ROOT / path, target)
    assert_pictures_have_words(ROOT / path)


@pytest.mark.parametrize("name", ROOMS)
def test_the_table_of_contents_leads_to_every_room(name):
    assert f"{name}/README.md" in targets_of(ROOT / "beyond/README.md")


@pytest.mark.parametrize("program, typed", COMMANDS, ids=lambda part: part or "none")
def test_every_command_is_there_and_has_the_options_that_pages_type(capsys, program, typed):
    module = program.removeprefix("-m ").removesuffix(".py")
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"{module}.__main__")
        module = f"{module}.__main__"
    chapter = " ".join(re.findall(r"--chapter \w+", typed)).split()
    assert set(re.findall(r"--[\w-]+", typed)) <= options_of(capsys, module, *chapter)


def options_of(capsys, module, *words):
    """Return the options that `module`, a command, lists as its own."""
    with pytest.raises(SystemExit) as end:
        importlib.import_module(module).main([*words, "--help"])
    assert end.value.code == 0
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z0-9-]+)", capsys.readouterr().out, re.MULTILINE))


def test_the_table_of_options_has_all_that_chapters_add_to_the_lesson(capsys):
    text = (ROOT / "beyond/README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (.*--.*) \|$", text, re.MULTILINE))
    listed = {name: set(re.findall("--[a-z0-9-]+", row)) for name, row in rows.items()}
    lesson = options_of(capsys, "federation")
    for name, row in rows.items():
        inherited = re.search(r"those of (\w+)", row)
        expected = listed[name] | (listed[inherited[1]] if inherited else set())
        assert options_of(capsys, f"beyond.{name}.federation") - lesson == expected - lesson, name


def test_the_list_of_papers_that_the_lesson_cites_is_that_of_the_lesson():
    papers = re.compile(r"https://(?:arxiv|doi|eprint)[^)\s]+")
    rooms, lesson = (
        (ROOT / path).read_text(encoding="utf-8") for path in ("beyond/README.md", "README.md")
    )
    listed = rooms.partition("papers that the lesson cites")[2]
    assert sorted(papers.findall(listed)) == sorted(papers.findall(lesson))
