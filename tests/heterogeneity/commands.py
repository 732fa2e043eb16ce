"""Start the commands of heterogeneity and communication, and check their complaints."""

from tests.support.complaints import answer_to, complaint, words_for

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
    """Run a command of this chapter, check that it complains in one line, and return the line."""
    program = program_of(name)
    return complaint(answer_to(stage, module(name), program, *words, cwd=directory), program)


def needed_by(name, *words):
    """Return the words of a command with what else it needs, the same as a command of the lesson."""
    alike = {"compare": "federation", "paper": "federation"}.get(name, name)
    return words_for(f"{alike}.py", *words)
