"""Compare our per-example gradients with those of Opacus, which is in the folder opacus of this directory.

Prints JSON: milliseconds of one core for 256 images, and the largest difference.
"""

import json
import sys
import time
import warnings

import torch
import torch.nn.functional as F

from beyond.example_privacy.dp_sgd import SystemRandom, clipped_sum, private_gradient
from model import CNN

IMAGES, CLIP, REPEATS = 256, 0.5, 20


def ours(model, images, labels):
    """Return the sum of clipped gradients, as our clients compute it."""
    return private_gradient(model, images, labels, torch.arange(IMAGES), CLIP, 0.0, SystemRandom())


def hooks(model, images, labels):
    """Return the same by Opacus's hooks; `model` is a GradSampleModule."""
    model.zero_grad()
    F.cross_entropy(model(images), labels, reduction="sum").backward()
    return clipped_sum([weight.grad_sample for weight in model.parameters()], CLIP)


def ghost(model, images, labels):
    """Return the same by two passes, of which the first finds lengths only (ghost clipping)."""
    model.zero_grad()
    losses = F.cross_entropy(model(images), labels, reduction="none")
    losses.sum().backward(retain_graph=True)
    factors = model.get_clipping_coef()
    model.zero_grad()
    model.disable_hooks()
    (factors * losses).sum().backward()
    model.enable_hooks()
    return [weight.grad.clone() for weight in model.parameters()]


def milliseconds(function, *arguments):
    """Return the time of one call, the mean of many after the first."""
    function(*arguments)
    began = time.process_time()
    for _ in range(REPEATS):
        function(*arguments)
    return round(1000 * (time.process_time() - began) / REPEATS)


def main():
    """Do as described above."""
    sys.path.insert(0, "opacus")
    from opacus.grad_sample import GradSampleModule, GradSampleModuleFastGradientClipping

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = torch.randn(IMAGES, 1, 28, 28), torch.randint(0, 10, (IMAGES,))
    net = CNN()
    expected, measured = ours(net, *data), {"ours": milliseconds(ours, net, *data)}
    hooked = GradSampleModule(net, loss_reduction="sum")
    pairs = zip(hooks(hooked, *data), expected, strict=True)
    measured["difference"] = max((a - b).abs().max().item() for a, b in pairs)
    measured["hooks"] = milliseconds(hooks, hooked, *data)
    hooked.to_standard_module()
    fast = GradSampleModuleFastGradientClipping(net, max_grad_norm=CLIP, loss_reduction="sum")
    measured["ghost"] = milliseconds(ghost, fast, *data)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
