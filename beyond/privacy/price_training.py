"""One private training with a crowd of clients: what the rounds come to, and what is kept of them."""

import numpy as np

from beyond.privacy.mechanism import mean_over_asked, private_mean

KEEP = (
    "last",
    "mean",
)  # the last round's model, or the mean of those of the second half of the rounds


def models_of(crowd, settings, noise_multiplier, seed, local=False):
    """Yield the global model (a list of float32 arrays) after every round.

    `settings` has `rounds` and `clip`. The noise is seeded, as it must not be where people's data are.
    """
    normal = np.random.default_rng([7, seed]).standard_normal
    weights = crowd.first_weights(seed)
    mean = locally_private_mean if local else private_mean
    for server_round in range(1, settings["rounds"] + 1):
        updates = crowd.updates(weights, server_round)
        change = mean(updates, len(updates), settings["clip"], noise_multiplier, normal)
        weights = [
            (old + step).astype(old.dtype) for old, step in zip(weights, change, strict=True)
        ]
        yield weights


def locally_private_mean(updates, asked, clip, noise_multiplier, normal):
    """Return the mean of updates to which every client has added its own noise (local DP).

    Nobody needs to be trusted then, and every single update carries the noise that the sum carried before.
    """
    noisy = [private_mean([update], 1, clip, noise_multiplier, normal) for update in updates]
    return mean_over_asked(noisy, asked)


def kept_models(models):
    """Return {"last": weights, "mean": weights} of the rounds' `models`, a list.

    The mean of noisy models has less noise than each of them, and costs no epsilon: all of them are public.
    """
    return {"last": models[-1], "mean": mean_model(models[len(models) // 2 :])}


def mean_model(models):
    """Return the mean of models, lists of float32 arrays."""
    return [array.astype(np.float32) for array in mean_over_asked(models, len(models))]
