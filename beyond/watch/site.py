"""The page as a web site on this machine: four files, and a stream of events."""

from collections.abc import AsyncIterable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.middleware.trustedhost import TrustedHostMiddleware

from beyond.watch.follow import follow
from beyond.watch.glyphs import palettes, symbols

FILES = Path(__file__).resolve().parent / "page"
# Any other Host is a stranger's page that has got here by its DNS.
OURS = ["127.0.0.1", "localhost"]
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def make_site(events, is_over):
    """Return the site that shows the file `events`; its streams end when `is_over()`."""
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    site.add_middleware(TrustedHostMiddleware, allowed_hosts=OURS, www_redirect=False)
    site.exception_handler(404)(not_here)
    site.exception_handler(405)(not_here)

    @site.get("/", response_class=HTMLResponse)
    def page():
        text = (FILES / "index.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace("<!-- glyphs -->", symbols()), headers=HEADERS)

    @site.get("/style.css")
    def style():
        text = palettes() + (FILES / "style.css").read_text(encoding="utf-8")
        return Response(text, media_type="text/css", headers=HEADERS)

    @site.get("/{name}.js")
    def script(name: str):
        if name not in ("run", "watch"):
            return not_here()
        text = (FILES / f"{name}.js").read_text(encoding="utf-8")
        return Response(text, media_type="text/javascript", headers=HEADERS)

    @site.get("/events", response_class=EventSourceResponse)
    async def stream() -> AsyncIterable[ServerSentEvent]:
        async for kind, line in follow(events, is_over):
            yield ServerSentEvent(event=kind, raw_data=line)

    return site


def not_here(request: Request = None, error=None):
    """Answer whatever is no GET of a known path."""
    return PlainTextResponse("There is nothing here.\n", status_code=404)
