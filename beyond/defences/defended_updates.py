"""What is left to an attacker once updates are clipped, noised or summed."""

from dataclasses import dataclass, field

import numpy as np

from beyond.attacks.inversion import invert
from beyond.attacks.leakage import label_counts, label_of, owned_digits
from beyond.attacks.similarity import Gallery, matched
from beyond.attacks.training_images import CLIENTS
from beyond.attacks.updates import LESSON, fresh_weights, update_of
from beyond.defences.train_with_noise import CLIP
from beyond.differential_privacy.mechanism import mean_over_all, private_mean

PICTURES = 3  # clients whose first image is looked for
SINGLES = 5  # images of every client whose labels are read, each alone


@dataclass
class Level:
    """What an attacker gets from updates that were clipped, with noise z = `noise`."""

    noise: float
    images: np.ndarray = field(repr=False)  # the first ones of the first clients
    reconstructions: list = field(repr=False)
    ranks: list
    labels: int  # read correctly, of CLIENTS * SINGLES
    digits: int  # clients whose digits were read exactly
    accuracy: float | None = None  # that the federation keeps


@dataclass
class Sum:
    """What an attacker gets from the sum of ten one-image clients."""

    labels: list
    read: list  # labels, as read off the sum
    images: np.ndarray = field(repr=False)
    reconstructions: np.ndarray = field(repr=False)
    ranks: list


class Trial:
    """The updates that all defences are tried on: made once, by real clients on the fresh model."""

    def __init__(self, training, seed, images=None):
        self.training, self.seed = training, seed
        self.weights = fresh_weights(seed)
        self.gallery = Gallery(training.images)
        self.singles = np.concatenate(training.first_of_each(CLIENTS, SINGLES))
        self.single_updates = [self._update([index]) for index in self.singles]
        self.owners = [owned[:images] for owned in training.owners("shards")]
        self.epoch_updates = [self._update(owned, k) for k, owned in enumerate(self.owners)]

    def _update(self, indices, number=0):
        return update_of(self.weights, *self.training.take(indices), number)

    def _defended(self, update, noise, number):
        return defended(update, noise, self.seed, number)

    def level(self, noise, steps, accuracy):
        """Return the Level of one amount of noise."""
        updates = [self._defended(update, noise, k) for k, update in enumerate(self.single_updates)]
        truth = self.training.labels[self.singles]
        labels = sum(label_of(u) == label for u, label in zip(updates, truth, strict=True))
        epochs = [
            self._defended(update, noise, 100 + k) for k, update in enumerate(self.epoch_updates)
        ]
        tried = range(0, PICTURES * SINGLES, SINGLES)
        images = self.training.images[self.singles[tried]]
        # Noise is announced: who attacks knows when to prefer smooth images.
        smoothness = 0.1 if noise else 0.01
        found = [
            invert(self.weights, updates[k], truth[[k]], steps, smoothness=smoothness)[0][0]
            for k in tried
        ]
        ranks = [self.gallery.rank(*pair) for pair in zip(images, found, strict=True)]
        return Level(noise, images, found, ranks, int(labels), self.digits_read(epochs), accuracy)

    def digits_read(self, updates):
        """Return of how many clients exactly the digits are read that they own."""
        truth = [set(self.training.labels[owned].tolist()) for owned in self.owners]
        return sum(owned_digits(u) == own for u, own in zip(updates, truth, strict=True))

    def sum_of_ten(self, steps):
        """Return the Sum of ten clients with one image each: their first ones."""
        chosen = self.singles[::SINGLES]
        images, labels = self.training.take(chosen)
        mean = mean_of(self.single_updates[::SINGLES])
        counts = label_counts(mean, len(chosen), LESSON["learning_rate"])
        read = np.repeat(np.arange(10), counts)
        found = matched(images, invert(self.weights, mean, read, steps, smoothness=0.1)[0])
        ranks = [
            self.gallery.rank(image, guess) for image, guess in zip(images, found, strict=True)
        ]
        return Sum(sorted(labels.tolist()), read.tolist(), images, found, ranks)

    def digits_after_sum(self):
        """Return the same when only the sum of all whole epochs is seen: one answer for all clients."""
        return self.digits_read([mean_of(self.epoch_updates)] * len(self.owners))


def defended(update, noise, seed, number):
    """Return `update` clipped, with noise that differs from `number` to number and not from run to run."""
    rng = np.random.default_rng([seed, round(noise * 1000), number])
    return as_sent(private_mean([update], 1, CLIP, noise, rng.standard_normal))


def mean_of(updates):
    """Return the sum of `updates`, divided by their number, which all know."""
    return as_sent(mean_over_all(updates, len(updates)))


def as_sent(update):
    """Return an update with its arrays as float32, as a server would receive them."""
    return [array.astype(np.float32) for array in update]
