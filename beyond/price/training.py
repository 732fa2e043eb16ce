"""One private training with a crowd of clients: what the rounds come to, and what is kept of them."""

import functools

import numpy as np

from beyond.differential_privacy.accountant import noise_multiplier_for
from beyond.differential_privacy.mechanism import clipped, mean_over_all, private_mean

# What may be kept: the last round's model, or the mean of those of the second half of the rounds.
KEEP = ("last", "mean")


def models_of(crowd, settings, noise_multiplier, point):
    """Yield the global model (a list of float32 arrays) after every round.

    `settings` has `rounds` and `clip`. The noise is that of a federation with the point's seed as its
    --noise-seed: it can be repeated, as it must not be where people's data are.
    """
    mean = MEANS[point.privacy]
    weights = crowd.first_weights(point.seed)
    for server_round in range(1, settings["rounds"] + 1):
        updates = crowd.updates(weights, server_round)
        normal = np.random.default_rng([point.seed, server_round]).standard_normal
        change = mean(updates, len(updates), settings["clip"], noise_multiplier, normal)
        pairs = zip(weights, change, strict=True)
        weights = [(old + step).astype(old.dtype) for old, step in pairs]
        yield weights


def locally_private_mean(updates, clients, clip, noise_multiplier, normal):
    """Return the mean of updates to which every client has added its own noise (local DP).

    Nobody needs to be trusted then, and every single update carries noise as the sum did before: twice as
    much, for local DP is about any two updates that a client could send, and these lie up to 2 * clip apart.
    """
    local = 2 * noise_multiplier
    noisy = [private_mean([update], 1, clip, local, normal) for update in updates]
    return mean_over_all(noisy, clients)


def mean_without_noise(updates, clients, clip, noise_multiplier, normal):
    """Return the mean of clipped updates; there is no noise, and no guarantee."""
    return mean_over_all([clipped(update, clip) for update in updates], clients)


MEANS = {"central": private_mean, "local": locally_private_mean, "none": mean_without_noise}


def kept_models(models):
    """Return {"last": weights, "mean": weights} of the rounds' `models`, a list.

    The mean of noisy models has less noise than each of them, and costs no epsilon: all of them are public.
    """
    return {"last": models[-1], "mean": mean_model(models[len(models) // 2 :])}


def mean_model(models):
    """Return the mean of models, lists of float32 arrays."""
    return [array.astype(np.float32) for array in mean_over_all(models, len(models))]


def accuracies(crowd, point, settings):
    """Train a Point of grid.py; return {"last": accuracy, "mean": accuracy} of what may be kept."""
    models = models_of(crowd, settings, noise_of(point, settings["rounds"]), point)
    return {name: crowd.accuracy(model) for name, model in kept_models(list(models)).items()}


def noise_of(point, rounds):
    """Return the noise multiplier with which `rounds` cost the point's epsilon; 0 if it has no noise."""
    return 0.0 if point.privacy == "none" else _noise_for(point.epsilon, rounds, point.delta)


_noise_for = functools.cache(noise_multiplier_for)  # half a second
