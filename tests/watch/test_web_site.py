"""The web site that make site builds, crawled in a real browser that reaches nothing but the site."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from pages import site
from pages.watch.facts import REPLAYS
from tests.support.harness import ROOT

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not find_spec("material"), reason="no mkdocs-material here: make site installs it"
    ),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The directory that has the whole site."""
    place = tmp_path_factory.mktemp("site")
    site.main([str(place)])
    return place


@pytest.fixture(scope="module")
def address(place):
    """The address at which it is served."""
    handler = partial(SimpleHTTPRequestHandler, directory=place)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser, address):
    """A page that must not complain, nor want anything from elsewhere."""
    complaints = []

    def only_here(route):
        if route.request.url.startswith((address, "data:", "blob:", "file:")):
            return route.continue_()
        complaints.append(f"wants {route.request.url}")
        return route.abort()

    def note(told, is_bad):
        if is_bad:
            complaints.append(str(told))

    with browser.new_context() as context:
        page = context.new_page()
        context.route("**/*", only_here)
        page.on("pageerror", lambda error: note(error, True))
        page.on("console", lambda said: note(f"{page.url}: {said.text}", said.type == "error"))
        page.on("response", lambda one: note(f"{one.status} {one.url}", one.status >= 400))
        yield page
        assert complaints == []


LINKS = """() => [...document.querySelectorAll("a[href], img[src], source[srcset]")]
    .map((one) => new URL(one.href || one.src || one.srcset, location.href).href)"""


def test_every_link_leads_somewhere_and_no_page_complains(page, address):
    code = "() => [...document.querySelectorAll('[id]')].map((one) => one.id)"
    waiting, ids, links = [address], {}, {}
    while waiting:
        url = waiting.pop()
        page.goto(url)
        ids[url] = set(page.evaluate(code))
        for link in page.evaluate(LINKS):
            if not link.startswith(address):
                continue
            place, fragment = urldefrag(link)
            links[place, fragment] = url
            if place.endswith((".html", "/")) and place not in {*ids, *waiting}:
                waiting.append(place)
    for (place, fragment), source in links.items():
        if place in ids:
            is_there = not fragment or unquote(fragment) in ids[place]
        else:
            is_there = page.request.get(place).status == 200
        assert is_there, f"{source} names {place}#{fragment}"
    shown = {urlsplit(url).path for url in ids}
    assert {f"/{run.relative_to(ROOT).as_posix()}/index.html" for run in REPLAYS} <= shown


@pytest.mark.parametrize("run", REPLAYS, ids=lambda run: run.name)
def test_every_replay_plays_without_a_server(page, address, run):
    place = run.relative_to(ROOT).as_posix()
    page.goto(f"{address}{place}/#round=1")
    doing = page.locator(".doing")
    page.get_by_text("Round 1 is finished").wait_for()
    page.locator("#live").click()
    page.get_by_text("Finished: ").first.wait_for()
    assert doing.text_content().startswith("Finished: ")
    assert page.locator(".name").text_content() == place


def test_from_a_disk_the_search_finds_and_a_replay_opens_and_leads_back(page, place):
    page.goto((place / "index.html").as_uri())
    page.locator(".md-search__input").fill("shards")
    page.locator(".md-search-result__item").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("a > picture").first.click()
    page.locator(".doing").get_by_text("Finished: ").wait_for()
    page.locator("header a").click()
    page.locator(".md-search__input").wait_for()
    assert page.url == (place / "index.html").as_uri()


def test_from_a_disk_every_replay_is_named_with_its_file(page, place):
    page.goto((place / "beyond/watch/index.html").as_uri())
    links = {urldefrag(link)[0] for link in page.evaluate(LINKS)}
    assert {(place / run.relative_to(ROOT) / "index.html").as_uri() for run in REPLAYS} <= links


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_follow_the_sites_own_switch(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    shown = "() => [...document.querySelectorAll('picture img')].map((one) => one.currentSrc)"
    other = {"light": "dark", "dark": "light"}[scheme]
    assert all(f".{scheme}." in source for source in page.evaluate(shown))
    page.locator("label[for^=__palette]:visible").click()
    page.wait_for_function(f"() => ({shown})().every((one) => one.includes('.{other}.'))")
