"""Runs that pages in tests show: their events, and where they are written."""

import json

LOCAL = "http://127.0.0.1"
MILLISECONDS = 60_000  # that anything on the page may take


def write(path, events):
    """Replace events.jsonl."""
    common = {"seconds": 1.0}
    lines = [event if isinstance(event, str) else json.dumps(common | event) for event in events]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("new").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.with_name("new").replace(path)


def who(client):
    """Return what an event says of a client."""
    return {"client": client, "name": f"Client {client}"}


def joined(client, here=3, expected=3):
    """Return the event of a client that comes."""
    return {"what": "joined", **who(client), "here": here, "expected": expected}


def left(client, here=2, expected=3):
    """Return the event of a client that leaves."""
    return {"what": "left", **who(client), "here": here, "expected": expected}


BEGIN = [
    {"what": "started", "clients": 2, "rounds": 1},
    *(joined(client, here=client + 1, expected=2) for client in (0, 1)),
    {"what": "round", "round": 1, "asked": [0]},
    {"what": "sent", "round": 1, **who(0), "bytes": 1000},
]
ANSWER = {"what": "received", "round": 1, **who(0), "bytes": 1000, "took": 0.5, "images": 10}
EVALUATED = {"what": "evaluated", "round": 1, "accuracy": 0.5, "loss": 1.0}
FINISHED = {"what": "finished"}
STOPPED = {"what": "stopped", "reason": "x"}
NAMES = {0: "Client 0", 1: "<img src=x onerror=alert(1)>"}


def a_round(number):
    """Yield the events of a round of a run in which a client's name is HTML."""
    yield {"what": "round", "round": number, "asked": [0, 1]}
    for client, name in NAMES.items():
        about = {"round": number, "client": client, "name": name, "bytes": 1000}
        yield {"what": "sent", **about}
        yield {"what": "received", **about, "took": 0.5, "images": 10}
    yield {"what": "averaged", "round": number, "clients": 2}
    yield {"what": "evaluated", "round": number, "accuracy": number / 4, "loss": 1.0}


RUN = [
    {**BEGIN[0], "rounds": 3},
    *({**joined, "name": NAMES[joined["client"]]} for joined in BEGIN[1:3]),
    *(event for number in (1, 2, 3) for event in a_round(number)),
    {"what": "stopped", "reason": "by <b>Ctrl-C</b>"},
]
RUN = [
    {"time": f"2026-01-02T03:04:{at:02}+00:00", "seconds": at / 10, **event}
    for at, event in enumerate(RUN)
]
