"""DP-SGD: every image's own gradient is clipped before they are added up, and their sum gets noise.

Abadi et al. 2016 (arXiv 1607.00133), algorithm 1. A step draws its images by Poisson sampling, each by
itself, because that is what the accountant counts; a batch may be larger than expected, smaller, or empty.
"""

import os

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

from beyond.differential_privacy.mechanism import system_normal

CHUNK = 64  # images whose gradients are in memory at once: 12 MB with the lesson's network


class SystemRandom:
    """The operating system's randomness, with the two methods of numpy.random.Generator that we need."""

    def random(self, count):
        """Return float64 numbers (count,), uniform from 0 to below 1."""
        return (np.frombuffer(os.urandom(8 * count), np.uint64) >> np.uint64(11)) / 2**53

    def standard_normal(self, shape):
        """Return float64 numbers of the standard normal distribution."""
        return system_normal(shape)


def poisson_sample(count, rate, rng):
    """Return the indices (int64) of a sample from `count` images: each is in it with the chance `rate`."""
    return torch.from_numpy(np.flatnonzero(rng.random(count) < rate))


def per_example_gradients(model, images, labels):
    """Return {name: gradients (n, *shape)}, a row for each of n images, of which there is one at least."""

    def loss_of(weights, image, label):
        scores = functional_call(model, weights, (image.unsqueeze(0),))
        return F.cross_entropy(scores, label.unsqueeze(0))

    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    return vmap(grad(loss_of), in_dims=(None, 0, 0), randomness="different")(
        weights, images, labels
    )


def clipped_sum(gradients, clip):
    """Return the sum (list of tensors) of per-example `gradients` (list of tensors (n, *shape)).

    Each row is first scaled down to the L2 length `clip`, over all tensors, if it is longer. One that is not
    finite counts as zero: a server could send weights that overflow for one image and no other.
    """
    lengths = torch.stack([each.flatten(1).norm(dim=1) for each in gradients]).norm(dim=0)  # (n,)
    sound = lengths.isfinite()
    factors = torch.where(sound, clip / lengths.clamp(min=clip), 0.0)
    if not sound.all():
        gradients = [each.nan_to_num(0.0, 0.0, 0.0) for each in gradients]
    return [torch.tensordot(factors, each, dims=1) for each in gradients]


def private_gradient(model, images, labels, chosen, clip, noise_multiplier, rng):
    """Return the noisy sum of the clipped gradients of the `chosen` images, a list of tensors.

    The noise on every number has the standard deviation noise_multiplier * clip.
    """
    total = [torch.zeros_like(weight) for weight in model.parameters()]
    for some in chosen.split(CHUNK) if len(chosen) else ():
        gradients = per_example_gradients(model, images[some], labels[some])
        sums = clipped_sum(list(gradients.values()), clip)
        total = [old + new for old, new in zip(total, sums, strict=True)]
    scale = noise_multiplier * clip
    noise = [torch.from_numpy(scale * rng.standard_normal(tuple(each.shape))) for each in total]
    return [(each + more).to(each.dtype) for each, more in zip(total, noise, strict=True)]


def train_privately(model, images, labels, plan, clip, learning_rate, rng):
    """Train `model` in place on tensors from `to_tensors`, with the steps, rate and noise of `plan`.

    `rng` is a SystemRandom, or a numpy.random.Generator, which promises nothing. The sum is divided by the
    expected number of images, and not by how many were drawn, which nothing protects.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
    model.train()
    expected = plan.sampling_rate * len(labels)
    for _ in range(plan.steps):
        chosen = poisson_sample(len(labels), plan.sampling_rate, rng)
        noisy = private_gradient(model, images, labels, chosen, clip, plan.noise_multiplier, rng)
        for weight, gradient in zip(model.parameters(), noisy, strict=True):
            weight.grad = gradient / expected
        optimizer.step()
