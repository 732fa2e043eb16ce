"""How our commands complain about a person's mistake, whichever it is."""

from tests.support.ports import idle_address


def words_for(program, *more):
    """Return a command's words with what it needs, unless `more` gives that."""
    needed = {
        "client.py": {"--partition-id": 0, "--max-wait": 1},
        "server.py": {"--clients": 3, "--address": idle_address()},
        "federation.py": {"--clients": 3, "--address": idle_address()},
    }.get(program, {})
    return [*(word for item in needed.items() if item[0] not in more for word in item), *more]


def complaint(finished, program):
    """Check that a command has complained in one line; return the line."""
    assert finished.status == 2, finished
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    speakers = {"federation.py": ["partition.py", "server.py"]}.get(program, [])  # it starts those
    assert lines[0].split(":")[0] in [program, *speakers]
    assert "Traceback" not in finished.stdout
    return lines[0]
