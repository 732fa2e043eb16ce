"""One question for all replies: everybody gets the own one, and nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from beyond.engine.shared_grid import shared_grid
from tests.support.harness import wait_until


class Echo:
    """A grid that replies once it may, names what it replies to, and counts how often it is asked.

    Nobody can read its replies to "bad".
    """

    def __init__(self, may_answer=True, failure=None, unasked=()):
        self.may_answer, self.failure, self.unasked = may_answer, failure, unasked
        self.sent, self.questions = [], 0

    def push_messages(self, messages):
        self.sent += messages
        return [f"id of {message}" for message in messages]

    def pull_messages(self, message_ids):
        self.questions += 1
        if self.failure:
            raise self.failure
        if "id of bad" in message_ids:
            raise ValueError("this reply cannot be read")
        if not self.may_answer:
            return []
        return [
            SimpleNamespace(metadata=SimpleNamespace(reply_to_message_id=name), content=name)
            for name in [*self.unasked, *message_ids]
        ]


class Word(str):
    """A message that is its own text."""

    def __init__(self, text):
        self.metadata = SimpleNamespace(ttl=43200.0)


def ask(grid, word):
    """Return what `grid` replies to one message."""
    [reply] = grid.send_and_receive([Word(word)])
    return reply.content


def test_a_hundred_threads_get_their_own_reply_to_few_questions():
    echo = Echo(may_answer=False)
    with shared_grid(echo, pause=0.01) as grid, ThreadPoolExecutor(100) as pool:
        words = [str(number) for number in range(100)]
        replies = pool.map(lambda word: ask(grid, word), words)
        wait_until(lambda: len(echo.sent) == 100, "all are sent")
        before = echo.questions
        echo.may_answer = True
        assert list(replies) == [f"id of {word}" for word in words]
        assert echo.questions - before < 20


def test_who_waits_learns_that_the_run_has_ended():
    stopped = Echo(failure=RuntimeError("run stopped"))
    with shared_grid(stopped) as grid, pytest.raises(RuntimeError, match="run stopped"):
        ask(grid, "anybody there?")


def test_one_nodes_nonsense_is_not_everybodys():
    with shared_grid(Echo(), pause=0.01) as grid, ThreadPoolExecutor(3) as pool:
        first, bad, last = (pool.submit(ask, grid, word) for word in ("first", "bad", "last"))
        assert (first.result(), last.result()) == ("id of first", "id of last")
        with pytest.raises(ValueError, match="cannot be read"):
            bad.result()
        words = [Word(word) for word in ("first", "bad", "last")]
        replies = grid.send_and_receive(iter(words), timeout=10)
        assert {reply.content for reply in replies} == {"id of first", "id of last"}


def test_a_reply_that_nobody_waits_for_disturbs_nobody():
    with shared_grid(Echo(unasked=["id of a stranger"]), pause=0.01) as grid:
        assert ask(grid, "word") == "id of word"


def test_a_timeout_gives_what_has_come_and_ends_the_messages_time():
    message = Word("slow")
    with shared_grid(Echo(may_answer=False), pause=0.01) as grid:
        assert grid.send_and_receive([message], timeout=0.05) == []
    assert message.metadata.ttl == 0.05
