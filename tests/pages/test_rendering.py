"""What a code host makes of every page: rendered by GitHub's own parser, no mark of Markdown is left over."""

import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from tests.pages.test_pages import PATHS
from tests.support.harness import ROOT

# What should not be read as text: a code span, an item of a list, bold text, a link, a row, a heading.
LEFT_OVER = re.compile(r"`|^ *[-*] |\*\*|\]\(|^ *\||^ *#+ ", re.MULTILINE)
BROKEN = """
- One
  <details><summary>Answer</summary>
Two `three`
  </details>
- Four `five`
"""


def as_html(markdown):
    """Return what GitHub's parser makes of Markdown."""
    return cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)


class Rendered(HTMLParser):
    """The text of a page outside code, and what its <details> hold besides their summary."""

    def __init__(self, markdown):
        super().__init__()
        self.inside, self.text, self.details = [], "", []
        self.feed(as_html(markdown))

    def handle_starttag(self, tag, attributes):
        if tag not in ("img", "br", "hr", "source", "input"):
            self.inside.append(tag)
        if tag == "details":
            self.details.append("")

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        if "details" in self.inside and "summary" not in self.inside:
            self.details[-1] += data.strip()
        if not {"code", "pre"} & set(self.inside):
            self.text += data


@pytest.mark.parametrize("path", PATHS)
def test_a_rendered_page_shows_no_marks_and_no_empty_answers(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    page = Rendered(text)
    assert LEFT_OVER.findall(page.text) == []
    assert len(page.details) == text.count("<details>") and all(page.details)


def test_an_answer_that_ends_its_list_is_found():
    assert LEFT_OVER.findall(Rendered(BROKEN).text)


def test_the_lesson_hides_an_answer_to_each_of_its_three_questions():
    assert len(Rendered((ROOT / "README.md").read_text(encoding="utf-8")).details) == 3


def test_a_browser_hides_the_lessons_answers_until_they_are_asked_for(browser):
    page = browser.new_page()
    page.set_content(as_html((ROOT / "README.md").read_text(encoding="utf-8")))
    answers = page.locator("details").all()
    assert len(answers) == 3
    for answer in answers:
        words = answer.locator("p")
        assert not words.is_visible()
        answer.locator("summary").click()
        assert words.is_visible() and len(words.inner_text().split()) > 5
    page.close()
