"""How the commands of heterogeneity and communication are started, and how they complain."""

from tests.support.complaints import answer_to, complaint, words_for

COMMUNICATION = ("compare", "paper", "paper_cnn")


def program_of(name):
    """Return the module that a command is, by its `name`."""
    room = "communication" if name in COMMUNICATION else "heterogeneity"
    return f"beyond.{room}.{name}"


def module(name):
    """Return the words that start a command: -m beyond.heterogeneity.NAME."""
    return ("-m", program_of(name))


SERVER, CLIENT, FEDERATION = map(module, ("server", "client", "federation"))


def refused(stage, directory, name, *words):
    """Run a command of this chapter, which complains in one line; return the line."""
    program = program_of(name)
    return complaint(answer_to(stage, module(name), program, *words, cwd=directory), program)


def needed_by(name, *words):
    """Return the words of a command with what it needs besides: the same as a command of the lesson."""
    alike = {"compare": "federation", "paper": "federation"}.get(name, name)
    return words_for(f"{alike}.py", *words)
