"""What is checked of every page, whichever it is."""

import re


def prose(markdown):
    """Return `markdown` without code, comments and cog's own lines."""
    markdown = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)


def anchors(markdown):
    """Return the anchors that a page's headings get, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def count_words(markdown):
    """Return how many words a reader of the page reads: all but code, pictures and the bars of tables."""
    text = re.sub(r"<[^>]*>", "", prose(markdown))
    return len([word for word in text.split() if word != "|"])


def targets_of(page):
    """Return what a page links to or shows."""
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', text)
    return re.findall(r"\]\(([^)\s]+)\)", prose(text)) + shown


def assert_leads_somewhere(page, target):
    """Check that a file in the repository that is linked to exists, and has a heading for the anchor."""
    if target.startswith("https://"):
        return
    file, _, anchor = target.partition("#")
    where = page.parent / file if file else page
    leads_somewhere = where.exists() and (not anchor or anchor in anchors(where.read_text("utf-8")))
    assert leads_somewhere, f"{page.name} points to {target}"


def assert_pictures_have_words(page):
    """Check that the page says in words what each of its pictures shows."""
    for picture in re.findall(r"<img [^>]*>", page.read_text(encoding="utf-8")):
        assert len(re.search(r'alt="([^"]*)"', picture)[1].split()) >= 10, picture
