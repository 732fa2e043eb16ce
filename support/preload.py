"""What every server and client process imports, imported once.

A forkserver imports this module and then forks: the processes start with everything in place, and share
its memory with each other. Nothing here may start a thread, because threads do not survive a fork.
"""

import gc
import importlib

gc.disable()  # collecting while importing takes time and frees nothing

torch = importlib.import_module("torch")
importlib.import_module("flwr.compat.client.app")
torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # the first optimizer imports torch._dynamo

# The garbage collector writes to every object it visits, and a page written to is no longer shared.
gc.freeze()
gc.enable()
