"""How a client uses its own data where the lesson does more than train on all of it."""

import torch

HELD_OUT = (
    0.1  # the part of its images that a client tests on instead of training, if it is asked to
)


def split(images, labels, seed):
    """Split tensors into ((images, labels) to train on, (images, labels) held out), always alike.

    A tenth is held out, one image at least, unless there is only one: that is trained on.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    count = min(max(1, round(HELD_OUT * len(labels))), len(labels) - 1)
    held_out, kept = order[:count], order[count:]
    return (images[kept], labels[kept]), (images[held_out], labels[held_out])


def proximal_penalty(model, strength):
    """Return FedProx's penalty on leaving the model's present weights, or None without a `strength`.

    Li et al. 2020 (arXiv 1812.06127): mu / 2 times the squared distance from the global model.
    """
    if strength is None:
        return None
    start = [parameter.detach().clone() for parameter in model.parameters()]

    def penalty():
        pairs = zip(model.parameters(), start, strict=True)
        return strength / 2 * sum(((now - then) ** 2).sum() for now, then in pairs)

    return penalty
