"""Runs that pages in tests show: their events, and where they are written."""

import json

LOCAL = "http://127.0.0.1"
MILLISECONDS = 60_000  # that anything on the page may take
NAN = "it has NaN or infinity in array 0"


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


def a_round(number, asked=(0, 1, 2), left_out=(), missing=(), images=10):
    """Return the events of a round in which each of `asked` sends an update, but for `missing`."""
    about = {"round": number}
    update = {"what": "received", **about, "bytes": 1000, "took": 0.5, "images": images}
    failures = len(left_out) + len(missing)
    return [
        {"what": "round", **about, "asked": list(asked)},
        *({"what": "sent", **about, **who(k), "bytes": 1000} for k in asked),
        *({**update, **who(k)} for k in asked if k not in missing),
        *({"what": "missing", **about, **who(k), "reason": "it has left"} for k in missing),
        *({"what": "left_out", **about, **who(k), "reason": NAN} for k in left_out),
        {"what": "averaged", **about, "clients": len(asked) - failures},
        {"what": "evaluated", **about, "accuracy": number / 4, "loss": 1.0, "failures": failures},
    ]


BEGIN = [
    {"what": "started", "clients": 2, "rounds": 1},
    *(joined(client, here=client + 1, expected=2) for client in (0, 1)),
    *a_round(1, asked=[0])[:2],
]
ANSWER = a_round(1)[4]  # of client 0
FINISHED = {"what": "finished"}
STOPPED = {"what": "stopped", "reason": "x"}
NAMES = {0: "Client 0", 1: "<img src=x onerror=alert(1)>"}
RUN = [BEGIN[0] | {"rounds": 3}, *BEGIN[1:3]]
RUN += [event for number in (1, 2, 3) for event in a_round(number, asked=[0, 1])]
RUN += [{"what": "stopped", "reason": "by <b>Ctrl-C</b>"}]
RUN = [
    {"time": f"2026-01-02T03:04:{at:02}+00:00", "seconds": at / 10, **event}
    | ({"name": NAMES[event["client"]]} if "client" in event else {})
    for at, event in enumerate(RUN)
]
