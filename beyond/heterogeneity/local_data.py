"""The images that a client holds out of its training, to test on."""

import torch

HELD_OUT = 0.1  # the part of its images


def split(images, labels, seed):
    """Split tensors into ((images, labels) to train on, (images, labels) held out), always alike.

    A tenth is held out, one image at least, unless there is only one: that is trained on.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    count = min(max(1, round(HELD_OUT * len(labels))), len(labels) - 1)
    held_out, kept = order[:count], order[count:]
    return (images[kept], labels[kept]), (images[held_out], labels[held_out])
