"""What is read off an update is true: checked against autograd, closed forms and counts by hand."""

from statistics import NormalDist
from unittest.mock import Mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from beyond.attacks import read_update, training_images
from beyond.attacks.inversion import invert, total_variation
from beyond.attacks.inversion_grid import Case, attack, cases, labels_from
from beyond.attacks.leakage import input_of_fc1, label_counts, label_of, owned_digits
from beyond.attacks.membership import (
    auc,
    interval,
    print_rates,
    scores_of_a_model,
    scores_of_an_update,
    scores_of_updates,
    true_positive_rate,
)
from beyond.attacks.read_update import exactly_read, print_single_images, read_epochs, summary
from beyond.attacks.similarity import Gallery, matched, psnr
from beyond.attacks.training_images import Training
from beyond.attacks.updates import fresh_weights, length_of, update_of
from model import make_model, set_weights, to_tensors
from tests.support.lesson import untrained


@pytest.fixture(scope="module")
def digits(mnist):
    """The first 5,000 training images and labels."""
    return mnist.images[:5000], mnist.labels[:5000].astype(np.int64)


@pytest.fixture
def training(digits, monkeypatch):
    """The lesson's ten clients, who have the first 600 of all training images."""
    few = [part[:600] for part in digits]
    monkeypatch.setattr(training_images, "load_mnist", lambda: (few, None))
    return Training()


@pytest.fixture(scope="module")
def weights():
    return fresh_weights()


def gradient(weights, images, labels):
    """Return the gradient of the mean loss by autograd, and what fc1 was given."""
    model, seen = make_model(), []
    set_weights(model, weights)
    model.fc1.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    pixels, truth = to_tensors(images, labels)
    F.cross_entropy(model(pixels), truth).backward()
    return [parameter.grad.numpy() for parameter in model.parameters()], seen[0].detach().numpy()


def test_fresh_weights_are_those_the_server_begins_with():
    for mine, theirs in zip(fresh_weights(5), untrained(seed=5), strict=True):
        assert (mine == theirs).all()


def test_one_batch_is_one_step_against_the_gradient(weights, digits):
    batch = [part[:8] for part in digits]
    expected, _ = gradient(weights, *batch)
    for change, slope in zip(update_of(weights, *batch), expected, strict=True):
        assert np.allclose(change, -0.05 * slope, atol=1e-7)


@pytest.mark.parametrize("number", range(6))
def test_label_and_input_of_a_single_image(weights, digits, number):
    images, labels = (part[number : number + 1] for part in digits)
    update = update_of(weights, images, labels)
    assert label_of(update) == labels[0]
    _, given = gradient(weights, images, labels)
    error = np.linalg.norm(input_of_fc1(update) - given[0]) / np.linalg.norm(given[0])
    assert error < 1e-5


@pytest.mark.parametrize("start", [0, 8, 16])
def test_labels_of_a_batch_are_counted(weights, digits, start):
    images, labels = (part[start : start + 8] for part in digits)
    counts = label_counts(update_of(weights, images, labels), 8, 0.05)
    assert counts.tolist() == np.bincount(labels, minlength=10).tolist()


@pytest.mark.parametrize("owned", [{1, 4}, {0, 3, 8}])
def test_digits_are_read_after_a_whole_epoch(weights, digits, owned):
    mine = np.isin(digits[1], list(owned))
    assert owned_digits(update_of(weights, digits[0][mine], digits[1][mine])) == owned


def test_an_update_of_nans_tells_nothing(weights):
    assert owned_digits([np.full_like(array, np.nan) for array in weights]) == set()


def test_the_length_is_the_norm_over_all_arrays():
    assert length_of([np.array([[3.0]]), np.array([0.0, 4.0])]) == pytest.approx(5)


def test_rank_counts_the_images_that_are_more_alike(digits):
    gallery, image = Gallery(digits[0]), digits[0][7]
    pixels = image / 127.5 - 1
    assert gallery.rank(image, 0.3 * pixels - 0.2) == 1  # brightness and contrast do not matter
    assert gallery.rank(image, -pixels) > 4000
    assert gallery.rank(image, np.zeros((28, 28))) == 5000
    other = digits[0][8] / 127.5 - 1
    by_hand = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one in digits[0][:300]]
    assert Gallery(digits[0][:300]).rank(image, other) == 1 + sum(by_hand > by_hand[7] + 1e-6)


def test_psnr_of_a_known_error():
    image = np.full((28, 28), 51, np.uint8)  # 0.2 of white
    guess = np.full((28, 28), -0.4)  # 0.3 of white: an error of 0.1
    assert psnr(image, guess) == pytest.approx(20)


def test_pairs_are_found_whatever_the_order(digits):
    images, order = digits[0][:8], np.random.default_rng(1).permutation(8)
    assert (matched(images, images[order] / 127.5 - 1) == images / 127.5 - 1).all()


def test_total_variation_by_hand():
    image = torch.tensor([[[[0.0, 1.0], [0.0, 3.0]]]])
    assert total_variation(image).item() == pytest.approx((1 + 3) / 2 + (0 + 2) / 2)


@pytest.fixture
def single(weights, digits):
    """One image, its label, and the update of a client that has only these."""
    image, label = (part[3:4] for part in digits)
    return image, label, update_of(weights, image, label)


def test_one_image_comes_back_first_of_all(weights, digits, single):
    image, label, update = single
    found, loss = invert(weights, update, label, steps=100, restarts=1)
    assert Gallery(digits[0]).rank(image[0], found[0]) == 1 and loss < 0.2
    again, _ = invert(weights, update, label, steps=100, restarts=1)
    assert (found == again).all()  # nothing is left to chance


def test_of_several_beginnings_the_one_that_explains_the_update_best_is_kept(weights, single):
    _, label, update = single

    def tried(restarts):
        options = {"steps": 3, "restarts": restarts}
        return [invert(weights, update, label, **options, seed=seed) for seed in range(4)]

    better = []
    for (images, loss), (alone, its_loss) in zip(tried(3), tried(1), strict=True):
        # a restart's first beginning is the one that it would have had alone
        assert loss < its_loss or (loss == its_loss and (images == alone).all())
        better.append(loss < its_loss)
    assert any(better)


def test_members_of_what_was_learned_by_heart_score_higher_than_strangers(weights, digits):
    members, strangers = ([part[some] for part in digits] for some in (slice(60), slice(60, 1060)))
    update = update_of(weights, *members, local_epochs=30)
    learned = [before + change for before, change in zip(weights, update, strict=True)]
    of_model = scores_of_a_model(learned, members, strangers)
    of_update = scores_of_an_update(weights, members, strangers, 0, local_epochs=30)
    for scores in (of_model, of_update):
        assert [len(part) for part in scores] == [60, 1000]
        assert auc(*scores) > 0.7


def test_every_clients_own_images_are_its_members_and_the_tests_are_strangers(
    weights, digits, training
):
    strangers = [part[1000:1050] for part in digits]
    pairs = scores_of_updates(weights, training, strangers)
    for number, (own, pair) in enumerate(zip(training.owners("iid"), pairs, strict=True)):
        expected = scores_of_an_update(weights, training.take(own), strangers, number)
        assert [part.tolist() for part in pair] == [part.tolist() for part in expected]
        assert [len(part) for part in pair] == [60, 50]


def test_what_is_read_off_an_epoch_is_of_that_client_with_that_seed(weights, training, monkeypatch):
    trained = Mock(wraps=update_of)
    monkeypatch.setattr(read_update, "update_of", trained)
    counts, read = read_epochs(training, weights, "iid", 3, images=30)
    for number, owned in enumerate(training.owners("iid", 3)):
        images, labels = training.take(owned[:30])
        update = update_of(weights, images, labels, number, seed=3)
        assert counts[number].tolist() == np.bincount(labels, minlength=10).tolist()
        assert set(np.flatnonzero(read[number])) == owned_digits(update)
    told = [(call.args[3:], call.kwargs) for call in trained.call_args_list]
    assert told == [((number,), {"seed": 3}) for number in range(10)]


def test_the_largest_error_is_told(capsys):
    print_single_images(4, 5, [1e-7, 3e-6, 2e-6])
    printed = capsys.readouterr().out
    assert "bias: 4 of 5 right" in printed
    assert "relative error 3.0e-06 at most, for 3 of 5 images" in printed


def test_rates_are_told_in_percent(capsys):
    members, strangers = np.arange(1000) + 500.0, np.arange(1000) + 0.0
    print_rates([(members, strangers)])
    one, tenth = capsys.readouterr().out.splitlines()
    # Above 990 are 509 of 500 to 1,499; above 999 are 500.
    assert one.startswith("  true positives at 1.0 % false positives: 50.9")
    assert tenth.startswith("  true positives at 0.1 % false positives: 50.0")


def test_an_answer_is_exact_if_all_ten_digits_are_right():
    counts = np.array([[5, 0, 1], [5, 0, 1], [0, 0, 0]])
    read = np.array([[True, False, True], [True, False, False], [True, True, True]])
    assert exactly_read(counts, read) == 1
    assert summary(counts, read) == "1 of 3 clients exactly, 5 of 9 answers right"


def test_a_first_mistake_is_the_first_image_that_the_model_gets_wrong(weights, training):
    model = make_model()
    set_weights(model, weights)
    with torch.no_grad():
        answers = model(to_tensors(training.images, training.labels)[0]).argmax(dim=1).numpy()
    owners = training.owners("iid")[:4]
    for owned, (found,) in zip(owners, training.first_mistakes(weights, 4), strict=True):
        assert found == next(index for index in owned if answers[index] != training.labels[index])


def test_what_an_attack_reports_is_about_the_images_that_were_trained_on(weights, training):
    group = np.array([3, 8, 11])
    case = Case("a case", weights, [group[:1], group], steps=2, smoothness=0.01, restarts=1)
    gallery = Gallery(training.images[:300])
    reports = attack(case, training, gallery, seed=0)
    for results, members in zip(reports, case.groups, strict=True):
        assert [result.index for result in results] == members.tolist()
        length = length_of(update_of(weights, *training.take(members)))
        for result in results:
            assert (result.image == training.images[result.index]).all()
            assert result.case == "a case" and result.length == pytest.approx(length)
            pair = result.image, result.reconstruction
            assert (result.rank, result.psnr) == (gallery.rank(*pair), psnr(*pair))
    labels = labels_from(update_of(weights, *training.take(group)), 3)
    assert labels.tolist() == sorted(training.labels[group].tolist())


def test_the_cases_are_a_clients_first_images(weights, training):
    owners = training.owners("iid")
    alone, batch, wrong, known, epoch = cases(training, weights, weights)
    assert [group.tolist() for group in alone.groups] == [own[:1].tolist() for own in owners[:8]]
    assert [group.tolist() for group in batch.groups] == [owners[0][:8].tolist()]
    assert [group.tolist() for group in epoch.groups] == [owners[0].tolist()]
    assert len(wrong.groups) == 6 and len(known.groups) == 4


def test_rates_are_those_of_a_shift_that_is_known():
    numbers = np.random.default_rng(0)
    pairs = [(numbers.normal(1, 1, 4000), numbers.normal(0, 1, 20_000)) for _ in range(2)]
    expected = NormalDist().cdf(1 - NormalDist().inv_cdf(0.99))
    assert true_positive_rate(pairs, 0.01) == pytest.approx(expected, abs=0.01)
    least, most = interval(pairs, 0.01)
    assert expected - 0.03 < least < true_positive_rate(pairs, 0.01) < most < expected + 0.03
    assert auc(*pairs[0]) == pytest.approx(NormalDist().cdf(1 / np.sqrt(2)), abs=0.01)
    equal = np.zeros(100)
    assert auc(equal, equal) == 0.5 and true_positive_rate([(equal, equal)], 0.01) == 0
