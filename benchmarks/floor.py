"""The floor that a federation is measured against: the same work without Flower, gRPC or client processes.

    python -m benchmarks.floor --clients 10 --rounds 10     # prints the accuracy after each round

As many worker processes as cores; each trains one client's share after the other. The test images are
evaluated in equal parts by all workers, so that no core is ever idle without need.
"""

import argparse
import multiprocessing

import numpy as np

from support.machine import available_cores
from support.options import training_options
from support.partitions import PARTITIONS, load_partition


def run_floor(clients, rounds, seed, workers):
    """Run `rounds` of federated averaging over the partitions; return the accuracies after each round."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, initializer=_prepare) as pool:
        weights = pool.apply(_initial_weights, (seed,))
        accuracies = [_evaluate(pool, weights, workers)]
        for server_round in range(1, rounds + 1):
            tasks = [(weights, client, [seed, server_round, client]) for client in range(clients)]
            weights = _average(pool.map(_train, tasks, chunksize=1))
            accuracies.append(_evaluate(pool, weights, workers))
    return accuracies


def _average(updates):
    """Return the mean of [(num_examples, weights), ...], weighted by num_examples."""
    total = sum(num_examples for num_examples, _ in updates)
    layers = zip(*(weights for _, weights in updates), strict=True)
    counts = [num_examples / total for num_examples, _ in updates]
    return [
        sum(count * array for count, array in zip(counts, layer, strict=True)) for layer in layers
    ]


def _evaluate(pool, weights, workers):
    """Return the accuracy of `weights` on the test images, a part of them on each worker."""
    parts = [(weights, part, workers) for part in range(workers)]
    counts = pool.map(_count_correct, parts, chunksize=1)
    correct, images = (sum(column) for column in zip(*counts, strict=True))
    return correct / images


def _prepare():
    """Import and set up, once in every worker."""
    global model, tensors_of
    import torch

    from model import make_model

    torch.set_num_threads(1)
    model, tensors_of = make_model(), {}


def _initial_weights(seed):
    import torch

    from model import get_weights, make_model

    torch.manual_seed(seed)
    return get_weights(make_model())


def _tensors(name):
    from model import to_tensors

    if name not in tensors_of:
        tensors_of[name] = to_tensors(*load_partition(PARTITIONS / f"{name}.npz"))
    return tensors_of[name]


def _train(task):
    from model import get_weights, set_weights, train

    weights, client, seed = task
    images, labels = _tensors(f"client_{client}")
    set_weights(model, weights)
    lesson = training_options().parse_args([])
    rng = np.random.default_rng(seed)
    train(model, images, labels, 1, rng, lesson.learning_rate, lesson.batch_size)
    return len(labels), get_weights(model)


def _count_correct(task):
    from model import evaluate, set_weights

    weights, part, parts = task
    images, labels = (tensor[part::parts] for tensor in _tensors("test"))
    set_weights(model, weights)
    return round(evaluate(model, images, labels)[1] * len(labels)), len(labels)


def main():
    """Run the command line described above."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    accuracies = run_floor(args.clients, args.rounds, args.seed, workers=available_cores())
    print(" ".join(f"{accuracy:.2%}" for accuracy in accuracies))


if __name__ == "__main__":
    main()
