"""FedProx on the client: a pull back to the global model, added from outside the training loop."""

from contextlib import contextmanager

import torch


@contextmanager
def proximal_pull(model, weights, strength):
    """Add to every gradient inside the block what FedProx's penalty adds.

    Li et al. 2020 (arXiv 1812.06127): mu / 2 times the squared distance from the global model, whose gradient
    is mu times the difference. `weights` is the global model as a list of arrays, `strength` is mu.
    """
    arrays = dict(zip(model.state_dict(), weights, strict=True))

    def pull_of(parameter, start):
        return lambda gradient: gradient + strength * (parameter.detach() - start)

    hooks = [
        parameter.register_hook(pull_of(parameter, torch.from_numpy(arrays[name])))
        for name, parameter in (model.named_parameters() if strength else ())
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
