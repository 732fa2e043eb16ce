"""What every server and client process imports, imported once.

A forkserver imports this module and then forks: the processes start with everything in place, and share
its memory with each other. Nothing here may start a thread, for threads do not survive a fork.
"""

# ruff: noqa: E402, F401, I001  imported for those who are forked, the environment before flwr
import gc

gc.disable()  # collecting while importing takes time and frees nothing

import support.environment
import flwr.compat.client.app
import numpy
import torch

torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # the first optimizer imports torch._dynamo

# The garbage collector writes to every object it visits, and a page written to is no longer shared.
gc.freeze()
gc.enable()
