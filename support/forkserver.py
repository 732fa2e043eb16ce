"""What a forkserver imports: support/preload.py, while it takes no Ctrl-C.

That reaches the forkserver, too, which ignores it when all is imported. Before that it would die of it, and
print a traceback on our terminal. It starts with Ctrl-C blocked, see support/processes.py.
"""

import importlib
import signal

handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
importlib.import_module("support.preload")
signal.signal(signal.SIGINT, handler)  # the processes that it forks are to have this one
