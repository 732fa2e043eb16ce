"""One question for all replies: a Grid that many threads can wait on without each of them asking.

Flower's Server has a thread for every client that is at work, and its Grid asks again for each of them, every
0.1 s in a simulation, every 3 s in a deployment. A thousand threads that ask leave no time for an answer.
"""

import threading
import time
from concurrent.futures import Future, wait
from contextlib import contextmanager

from beyond.engine.grid_around import GridAround

PAUSE = 0.1  # seconds between two questions for whatever has come


@contextmanager
def shared_grid(grid, pause=PAUSE):
    """Yield a Grid around `grid` that asks for all outstanding replies at once, every `pause` seconds."""
    shared = SharedGrid(grid, pause)
    puller = threading.Thread(target=shared.pull, daemon=True)
    puller.start()
    try:
        yield shared
    finally:
        shared.close()
        puller.join()


class SharedGrid(GridAround):
    """Passes everything on to `grid`; a sender waits until `pull`, in another thread, has a reply."""

    def __init__(self, grid, pause):
        super().__init__(grid)
        self.pause = pause
        self.changed = threading.Condition()
        self.outstanding = {}  # identifier of a message -> Future of its reply
        self.is_closed = False

    def send_and_receive(self, messages, *, timeout=None):
        """Send `messages` and return their replies, or those that have come after `timeout` seconds.

        A node that stays silent gives a reply, too: an error, made by Flower when the message's time is up.
        Raises what keeps a reply, if there is no other.
        """
        messages = list(messages)
        for message in messages:
            message.metadata.ttl = timeout or message.metadata.ttl
        replies = {identifier: Future() for identifier in self.grid.push_messages(messages)}
        with self.changed:
            self.outstanding.update(replies)
            self.changed.notify()
        done, _ = wait(replies.values(), timeout)
        sound = [future for future in done if future.exception() is None]
        return [future.result() for future in sound or done]

    def pull(self):
        """Fetch replies until the grid is closed, and hand each to the thread that waits for it."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.outstanding or self.is_closed)
                if self.is_closed:
                    return
                awaited = list(self.outstanding)
            self._fetch(awaited)
            time.sleep(self.pause)

    def close(self):
        """Let `pull` return."""
        with self.changed:
            self.is_closed = True
            self.changed.notify()

    def _fetch(self, awaited):
        """Hand on what has come of the replies to `awaited`, or the error that keeps them.

        SuperLink forgets what it has handed out: what came together with nonsense is an error from then on.
        """
        try:
            replies = list(self.grid.pull_messages(awaited))
        except Exception as error:
            if len(awaited) > 1:  # one node's nonsense does not concern the others
                for identifier in awaited:
                    self._fetch([identifier])
            elif future := self._take(awaited[0]):
                future.set_exception(error)
            return
        for reply in replies:
            if future := self._take(reply.metadata.reply_to_message_id):
                future.set_result(reply)

    def _take(self, identifier):
        with self.changed:
            return self.outstanding.pop(identifier, None)
