"""The page as a web site on this machine: its files, and what it asks for to follow runs."""

import asyncio
import hmac
import json
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from beyond.watch.about import about
from beyond.watch.assets import TYPES, assets, page
from beyond.watch.follow import OFTEN, Follower
from support.events import NAME

# Any other Host is a stranger's page that has got here by its DNS.
OURS = ["127.0.0.1", "localhost"]
PATIENCE = 20  # seconds for which a question for news may wait
# Of every answer: uvicorn sets them, in its own answers to what is no request, too.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def make_site(runs, token, is_over):
    """Return the site that shows `runs`, directories, to who knows `token`; it ends when `is_over()`."""
    site = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    site.add_middleware(TrustedHostMiddleware, allowed_hosts=OURS, www_redirect=False)
    site.add_middleware(Doorkeeper, token=token)
    for error in (404, 405, RequestValidationError):
        site.exception_handler(error)(not_here)
    followers = [Follower(Path(run, NAME)) for run in runs]
    add_files(site)
    Questions(runs, followers, is_over).add_to(site)
    return site


def add_files(site):
    """Let `site` answer with the page and its files."""

    @site.api_route("/", methods=["GET", "HEAD"])
    def index():
        return HTMLResponse(page())

    @site.api_route("/{path:path}", methods=["GET", "HEAD"])
    def file(path: str):
        text = assets().get(path)
        return Response(text, media_type=TYPES[Path(path).suffix]) if text else not_here()


class Questions:
    """What the page asks of `runs`, whose files `followers` follow; nobody waits once `is_over()`."""

    def __init__(self, runs, followers, is_over):
        self.runs = runs
        self.followers = followers
        self.is_over = is_over

    def add_to(self, site):
        """Let `site` answer them, before what answers any path."""
        for path, answer in {
            "/news": self.news,
            "/lines/{number}": self.lines,
            "/about/{number}": self.about,
        }.items():
            site.add_api_route(path, answer, methods=["GET", "HEAD"], response_model=None)
            site.router.routes.insert(0, site.router.routes.pop())

    async def news(self, known: str = "", wait: float = PATIENCE):
        """Answer once there is something that who asks does not know, or after a while."""
        clock = asyncio.get_running_loop().time
        end = clock() + min(wait, PATIENCE)
        while (now := self._looks())[0] == known and not self.is_over() and clock() <= end:
            await asyncio.sleep(OFTEN)
        return JSONResponse({"version": now[0], "runs": now[1]})

    def lines(self, number: int, generation: str, start: int):
        """Answer with the lines of one run, from the byte `start`."""
        if not 0 <= number < len(self.followers) or start < 0:
            return not_here()
        content = self.followers[number].read(generation, start)
        return StreamingResponse(content, media_type="text/plain")

    def about(self, number: int):
        """Answer what is known of one run besides its lines."""
        return (
            JSONResponse(about(self.runs[number])) if 0 <= number < len(self.runs) else not_here()
        )

    def _looks(self):
        """Return (a name for all of what is known now, what is known of each run)."""
        looks = [(vars(one.look()), one.idle()) for one in self.followers]
        version = sha256(json.dumps([look for look, _ in looks]).encode()).hexdigest()[:12]
        return version, [{**look, "idle": round(idle, 1)} for look, idle in looks]


class Doorkeeper:
    """ASGI middleware: lets in who has the token, in the address or in a cookie."""

    def __init__(self, app, token):
        self.app = app
        self.token = token

    async def __call__(self, scope, receive, send):
        """Answer one request."""
        app = self.app if scope["type"] != "http" else self._answer(Request(scope)) or self.app
        await app(scope, receive, send)

    def _answer(self, request):
        """Return the answer to who has no cookie yet, or a token in the address; None to everyone else."""
        # Cookies know no ports. The browser's may be another than ours, which ssh -L leads to.
        _, _, port = request.headers.get("host", "").partition(":")
        cookie = f"watch-{port if port.isdecimal() else 80}"
        token = request.query_params.get("token")
        if not any(map(self._is_right, (request.cookies.get(cookie, ""), token or ""))):
            return PlainTextResponse(
                "This page is shown to who has started it: open the address, with its token, that "
                "python -m beyond.watch has printed.\n",
                status_code=403,
            )
        if token is None:
            return None
        # The token is not to stay in the address, which is copied to show a moment.
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(cookie, self.token, httponly=True, samesite="lax")
        return answer

    def _is_right(self, token):
        return hmac.compare_digest(token.encode(), self.token.encode())


def not_here(request=None, error=None):
    """Answer whatever is no question for a known path."""
    return PlainTextResponse("There is nothing here.\n", status_code=404)
