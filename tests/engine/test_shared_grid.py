"""One question for all replies: everybody gets the own one, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from beyond.engine.shared_grid import shared_grid


class Echo:
    """A grid whose replies come when the test says so; it counts how often it is asked."""

    def __init__(self):
        self.sent = []
        self.may_answer = threading.Event()
        self.questions = 0
        self.failure = None

    def push_messages(self, messages):
        """Take messages, named by what they say."""
        self.sent += messages
        return [f"id of {message}" for message in messages]

    def pull_messages(self, message_ids):
        """Answer all that are asked for."""
        self.questions += 1
        if self.failure:
            raise self.failure
        if not self.may_answer.is_set():
            return []
        return [
            SimpleNamespace(metadata=SimpleNamespace(reply_to_message_id=name), content=name)
            for name in message_ids
        ]


class Spoiled(Echo):
    """Has a reply that nobody can read."""

    def pull_messages(self, message_ids):
        """Answer if that one is not asked for."""
        if "id of bad" in message_ids:
            raise ValueError("this reply cannot be read")
        return super().pull_messages(message_ids)


class Word(str):
    """A message that is its own text."""

    def __init__(self, text):
        self.metadata = SimpleNamespace(ttl=43200.0)


def ask(grid, word):
    """Return what `grid` replies to one message."""
    [reply] = grid.send_and_receive([Word(word)])
    return reply.content


def test_a_hundred_threads_get_their_own_reply_to_few_questions():
    echo = Echo()
    with shared_grid(echo, pause=0.01) as grid, ThreadPoolExecutor(100) as pool:
        words = [str(number) for number in range(100)]
        replies = pool.map(lambda word: ask(grid, word), words)
        while len(echo.sent) < 100:
            threading.Event().wait(0.01)
        before = echo.questions
        echo.may_answer.set()
        assert list(replies) == [f"id of {word}" for word in words]
        assert echo.questions - before < 20


def test_who_waits_learns_that_the_run_has_ended():
    echo = Echo()
    echo.failure = RuntimeError("run stopped")
    with shared_grid(echo) as grid, pytest.raises(RuntimeError, match="run stopped"):
        ask(grid, "anybody there?")


def test_one_nodes_nonsense_is_not_everybodys():
    echo = Spoiled()
    echo.may_answer.set()
    with shared_grid(echo, pause=0.01) as grid, ThreadPoolExecutor(3) as pool:
        first, bad, last = (pool.submit(ask, grid, word) for word in ("first", "bad", "last"))
        assert (first.result(), last.result()) == ("id of first", "id of last")
        with pytest.raises(ValueError, match="cannot be read"):
            bad.result()


def test_a_reply_that_nobody_waits_for_disturbs_nobody():
    class Stray(Echo):
        def pull_messages(self, message_ids):
            return super().pull_messages(["id of a stranger", *message_ids])

    echo = Stray()
    echo.may_answer.set()
    with shared_grid(echo, pause=0.01) as grid:
        assert ask(grid, "word") == "id of word"


def test_a_timeout_gives_what_has_come_and_ends_the_messages_time():
    message = Word("slow")
    with shared_grid(Echo(), pause=0.01) as grid:
        assert grid.send_and_receive([message], timeout=0.05) == []
    assert message.metadata.ttl == 0.05


def test_of_several_replies_those_are_returned_that_can_be_read():
    echo = Spoiled()
    echo.may_answer.set()
    with shared_grid(echo, pause=0.01) as grid:
        words = [Word(word) for word in ("first", "bad", "last")]
        replies = grid.send_and_receive(iter(words), timeout=10)
    assert {reply.content for reply in replies} == {"id of first", "id of last"}
