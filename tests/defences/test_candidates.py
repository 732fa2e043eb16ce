"""An attacker with candidates: steps are those of real clients, and scores those of a likelihood by hand."""

import numpy as np
import pytest

from beyond.attacks.updates import fresh_weights, length_of, update_of
from beyond.defences import candidates
from support.command_line import run_command
from support.tables import read_table
from tests.defences.test_defences import flat


def test_a_candidates_step_is_the_update_of_a_client_with_that_image(mnist):
    images, labels = mnist.images[:7], mnist.labels[:7].astype(np.int64)
    weights = fresh_weights()
    (steps,) = candidates.clipped_steps(weights, images, labels, 0.05, clip=1e9)
    for k, step in enumerate(steps):
        update = update_of(weights, images[[k]], labels[[k]])
        assert np.allclose(step, flat(update), atol=1e-7)
    (short,) = candidates.clipped_steps(weights, images, labels, 0.05, clip=0.01)
    assert np.linalg.norm(short, axis=1) == pytest.approx(0.01)
    assert length_of(update) > 0.01


def test_the_order_is_that_of_the_distances_to_the_update():
    rng = np.random.default_rng(0)
    steps, update = rng.standard_normal((30, 12)), rng.standard_normal(12)
    scores = candidates.scores_of([[update[:5], update[5:]]], [steps[:20], steps[20:]])
    distances = np.linalg.norm(steps - update, axis=1)
    assert scores.shape == (1, 30)
    assert scores[0].argsort().tolist() == (-distances).argsort().tolist()
    second = distances.argsort()[1]
    assert candidates.places_of(scores, np.array([second])).tolist() == [2]


def test_the_command_finds_the_image_without_noise_and_not_in_much_noise(tmp_path, capsys):
    run_command(candidates.main, ["--candidates", "300", "--output", str(tmp_path)])
    kinds = dict.fromkeys(candidates.COLUMNS, float)
    first, *_, last = read_table(tmp_path / "candidates.csv", kinds, "")
    assert (first["noise"], first["first"], first["labels"]) == (0, 30, 30)
    assert first["candidates"] in range(300, 304) and last["first"] <= 5
