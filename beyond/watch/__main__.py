"""Watch a run in the browser, live or replayed.

    python -m beyond.watch                      # results/fedavg, which may start before, meanwhile or later
    python -m beyond.watch recorded/lesson      # the run that the README shows
    python -m beyond.watch RUN RUN              # two runs side by side, the same round on both sides
    python -m beyond.watch RUN --export replay.html    # one file, to be opened without a server

It only reads the run's directory: the run does not know it, and it may be stopped at any time.
"""

import argparse
import os
import secrets
import socket
import tempfile
import threading
import webbrowser
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn

from beyond.watch.assets import export
from beyond.watch.site import HEADERS, make_site
from support.argument_types import path
from support.command_line import Options, UserError, parse_options, run_command
from support.events import NAME
from support.tables import run_directory

HIGHEST = 65_535
# One that shows no page by itself has the link.
REDIRECT = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={0}">
<title>Watch the federation</title>
<a href="{0}">Watch the federation</a>
"""
SECONDS = 1  # that an open page has to go when this ends


def port(text):
    """argparse type: a port to listen on; 0 takes any that is free."""
    if not text.isascii() or not text.isdigit() or int(text) > HIGHEST:
        raise argparse.ArgumentTypeError(f"wanted a number from 0 to {HIGHEST}, not {text!r}")
    return int(text)


def listener(number):
    """Return a socket that listens on this machine only. Raises UserError if the port is taken."""
    try:
        return socket.create_server(("127.0.0.1", number))
    except OSError as error:
        reason, _, _ = error.strerror.partition(" (while")  # Windows' numbers mean nothing to C
        raise UserError(
            f"cannot listen on 127.0.0.1:{number}: {reason}; choose another --port"
        ) from None


def check_events(events):
    """Raise UserError if there is nothing to watch in the file `events`."""
    if not events.is_file() or not events.stat().st_size:
        state = f"{events} is empty" if events.is_file() else f"there is no {events}"
        raise UserError(f"{state}; start the run, name another, or wait for it without --no-wait")


def parse(arguments):
    """Return the options of the command line. Raises UserError if it names more runs than two."""
    options = Options()
    add = options.add_argument
    add("runs", nargs="*", type=run_directory, metavar="RUN", help="directory of a run, or of two")
    add("--port", type=port, default=8090, help="port on this machine to serve the page on")
    add("--open", action="store_true", help="open the page in a browser")
    add("--no-wait", action="store_true", help="do not wait for a run that has not started yet")
    add("--export", type=path, metavar="FILE", help="write page and record to one file, and end")
    args = parse_options(arguments, [options])
    args.runs = args.runs or ["results/fedavg"]
    if len(args.runs) > 2:
        raise UserError(f"{len(args.runs)} runs do not fit side by side; name one or two")
    return args


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    if args.export:
        export(args.runs, args.export)
        print(f"{args.export} shows {shown(args.runs)}; open it in a browser")
        return
    if args.no_wait:
        for run in args.runs:
            check_events(Path(run, NAME))
    with listener(args.port) as own, ExitStack() as until_the_end:
        token = secrets.token_urlsafe(16)
        address = f"http://127.0.0.1:{own.getsockname()[1]}/?token={token}"
        print(f"{address} shows {shown(args.runs)}; Ctrl-C ends this, and no run", flush=True)
        if not Path(args.runs[0], NAME).is_file():
            print(f"Waiting for {Path(args.runs[0], NAME)}", flush=True)
        if args.open:
            page = until_the_end.enter_context(page_that_leads_to(address))
            # One that runs in the terminal (w3m) stays until it is closed, and wants its page before that.
            threading.Thread(target=webbrowser.open, args=[page], daemon=True).start()
        serve(own, args.runs, token)


@contextmanager
def page_that_leads_to(address):
    """Yield the address of a page that only we can read, and that leads to `address`.

    Every account of this machine may read the words with which a browser is started.
    """
    with tempfile.TemporaryDirectory(prefix="watch-", ignore_cleanup_errors=True) as directory:
        file = Path(directory, "watch.html")
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as page:
            page.write(REDIRECT.format(address))
        yield file.as_uri()


def shown(runs):
    """Return the names of `runs` for a sentence."""
    return " and ".join(f"{run}/" for run in runs)


def serve(own, runs, token):
    """Serve the page on the socket `own` until we are stopped; the runs need not be there yet."""
    site = make_site(runs, token, is_over=lambda: server.should_exit)
    # Without ws, a question for a WebSocket gets the answer that any other gets.
    config = uvicorn.Config(
        site,
        log_level="critical",
        ws="none",
        headers=list(HEADERS.items()),
        timeout_graceful_shutdown=SECONDS,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[own])


if __name__ == "__main__":
    run_command(main)
