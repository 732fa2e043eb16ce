"""Follow a file of lines that grows, is replaced, or is not there yet."""

import asyncio
import os

OFTEN = 0.2  # seconds; nothing tells us, on every system and disk, that a file has grown


class Follower:
    """Reads what is new in the file `path` whenever `news` is called."""

    def __init__(self, path):
        self.path = path
        self.identity = None  # of the file that we have begun to read: (device, inode)
        self.position = 0

    def news(self):
        """Return (whether the file is another one than before, its new whole lines as text)."""
        try:
            with open(self.path, "rb") as file:
                is_other = self._is_other(os.fstat(file.fileno()))
                file.seek(self.position)
                content = file.read()
        except OSError:
            is_other, content = self.identity is not None, b""
            self.identity, self.position = None, 0
        whole = content[: content.rfind(b"\n") + 1]
        self.position += len(whole)
        return is_other, whole.decode(errors="replace").splitlines()

    def _is_other(self, status):
        identity = (status.st_dev, status.st_ino)
        is_other = identity != self.identity or status.st_size < self.position
        if is_other:
            self.identity, self.position = identity, 0
        return is_other


async def follow(path, is_over):
    """Yield ("begin", path) for every new file and ("line", text) for its lines, until `is_over()`.

    ("absent", path) comes first if there is no file, and when it has gone. A browser ignores what is empty.
    """
    follower = Follower(path)
    is_other, lines = follower.news()
    if not is_other:
        yield "absent", str(path)
    while not is_over():
        if is_other:
            yield "begin" if follower.identity else "absent", str(path)
        for line in lines:
            yield "line", line
        await asyncio.sleep(OFTEN)
        is_other, lines = follower.news()
