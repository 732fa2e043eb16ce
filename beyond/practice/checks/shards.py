"""The check of exercise 8."""

from itertools import combinations

import numpy as np

from beyond.practice.checks.deal import dealt, expect_decided_by_rng
from beyond.practice.judge import expect

SEEDS = 20
FEWEST_PAIRS = 30  # of 45: random ones are some 41, and a low digit with a high one 25


def check(answer):
    """Check exercise 8."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 24))
    yield "240 images for ten clients: each image is in one place"
    shares = dealt(answer.shards, labels, 10)
    yield "two shards a client, all as large as each other"
    expect_sizes(shares, "two shards of 12 images", 0)
    yield "two digits a client"
    digits = [np.unique(labels[share]) for share in shares]
    said = f"The clients have {[len(one) for one in digits]} digits."
    side_by_side = (
        "Is there only one shard each? Or do two lie side by side? Deal them out in random order."
    )
    expect(max(map(len, digits)) > 1, f"{said} {side_by_side}")
    expect(max(map(len, digits)) <= 2, f"{said} Two at most are right: sort by label, then cut.")
    yield "rng alone decides who gets what"
    expect_decided_by_rng(answer.shards, labels, 10)
    yield "five clients: any two digits may come together"
    expect_all_pairs(answer, labels)
    yield "235 images: what is left over is somebody's, too"
    expect_sizes(dealt(answer.shards, labels[:-5], 10), "two shards of 11 or 12 images", 2)


def expect_sizes(shares, wanted, spread):
    """Raise Wrong unless all `shares` are as large as each other, up to `spread` images."""
    sizes = [len(share) for share in shares]
    is_even = max(sizes) - min(sizes) <= spread
    expect(is_even, f"The clients get {sizes} images; each is to get {wanted}.")


def expect_all_pairs(answer, labels):
    """Raise Wrong unless the two digits of one of five clients, whose shards are a digit each, are random."""
    met = set()
    for seed in range(SEEDS):
        for share in dealt(answer.shards, labels, 5, seed):
            met |= set(combinations(np.unique(labels[share]).tolist(), 2))
    never = [pair for pair in combinations(range(10), 2) if pair not in met]
    apart = (
        f"Some digits, as {never[:1]}, never come together: deal all shards out in random order."
    )
    expect(len(met) >= FEWEST_PAIRS, apart)
