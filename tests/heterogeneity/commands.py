"""How this chapter's commands are started, and how they complain."""

from tests.support.complaints import answer_to, complaint, words_for

CHAPTER = "beyond.heterogeneity"


def module(name):
    """Return the words that start a command of this chapter: -m beyond.heterogeneity.NAME."""
    return ("-m", f"{CHAPTER}.{name}")


SERVER, CLIENT, FEDERATION = map(module, ("server", "client", "federation"))


def refused(stage, directory, name, *words):
    """Run a command of this chapter, which complains in one line; return the line."""
    program = f"{CHAPTER}.{name}"
    return complaint(answer_to(stage, module(name), program, *words, cwd=directory), program)


def needed_by(name, *words):
    """Return the words of a command with what it needs besides: the same as a command of the lesson."""
    alike = {"compare": "federation", "mcmahan": "federation"}.get(name, name)
    return words_for(f"{alike}.py", *words)
