"""Start the commands of heterogeneity and communication, and check their complaints."""

from tests.support.complaints import answer_to, complaint
from tests.support.harness import snapshot

COMMUNICATION = ("compare", "paper", "paper_cnn")


def program_of(name):
    """Return the module of the command `name`."""
    room = "communication" if name in COMMUNICATION else "heterogeneity"
    return f"beyond.{room}.{name}"


def module(name):
    """Return the words that start a command: -m beyond.heterogeneity.NAME."""
    return ("-m", program_of(name))


SERVER, CLIENT, FEDERATION = map(module, ("server", "client", "federation"))


def refused(stage, directory, name, *words):
    """Return the one line with which a command refuses `words` in `directory`, where it changes nothing."""
    program, before = program_of(name), snapshot(directory)
    line = complaint(answer_to(stage, module(name), program, *words, cwd=directory), program)
    assert snapshot(directory) == before
    return line
