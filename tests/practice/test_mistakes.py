"""A wrong answer is told what it gets wrong: every mistake here is made, and the words are read."""

import pytest

from tests.practice.answers import verdict_on, wrong_answer

DEAL = "np.array_split(rng.permutation(len(labels)), clients)"
SHARDS = "for first, second in order.reshape(-1, 2)"
FIT_END = "return get_weights(self.model), count, {}"
MEAN = "return sum(number * count for number, count in pairs) / sum(images)"
PRIME = "reduce(np.add, layer_updates) / num_examples_total"
RATE = 'config["learning_rate"] * factor ** (server_round - 1)'
SHRINK = 'return {**config, "learning_rate": rate}'
TESTED = 'return loss, {"accuracy": accuracy}'
LABEL = "int(np.argmax(update[FC2_BIAS]))"
SCALE = "scale = noise_multiplier * clip / clients"
CLIPPED = "[array * np.float64(scale) for array in floats]"

MISTAKES = {
    "deal": [
        ("split_evenly", [(DEAL, "labels.reshape(clients, -1)")], "ValueError: cannot reshape"),
        (
            "not shuffled",
            [(DEAL, "np.array_split(np.arange(len(labels)), clients)")],
            "as they lie",
        ),
        ("labels", [("len(labels))", "labels)")], "These are labels"),
        (
            "a rest",
            [(DEAL, "rng.permutation(len(labels))[:100].reshape(clients, -1)")],
            "Images that are nobody's: ",
        ),
        (
            "with replacement",
            [(DEAL, "[rng.choice(len(labels), 26) for _ in range(clients)]")],
            "in more than one place",
        ),
        (
            "all of one",
            [(DEAL, "[rng.permutation(len(labels))]")],
            "is a list of 1, and has to be a list of 4 arrays",
        ),
        (
            "uneven",
            [(DEAL, "np.split(rng.permutation(len(labels)), [25, 50, 75])")],
            "The clients get [25, 25, 25, 28] images",
        ),
        (
            "own rng",
            [("rng.permutation", "np.random.permutation")],
            "The same seed deals differently",
        ),
        (
            "own seed",
            [("rng.permutation", "np.random.default_rng(1).permutation")],
            "Another seed deals in",
        ),
        (
            "changed",
            [("return", "rng.shuffle(labels)\n    return")],
            "iid changes its argument labels",
        ),
        ("nothing", [("return ", "")], "is None (is a return missing?)"),
    ],
    "weights": [
        (
            "a dict",
            [
                (
                    "[tensor.numpy(force=True).copy() for tensor in model.state_dict().values()]",
                    "dict(model.state_dict())",
                )
            ],
            "returns a dict; the names do not travel",
        ),
        (
            "tensors",
            [("tensor.numpy(force=True).copy()", "tensor.clone()")],
            "[0] is a tensor of PyTorch's of shape (2, 3)",
        ),
        ("views", [(".copy()", "")], "What get_weights returned changes"),
        (
            "parameters",
            [("model.state_dict().values()", "model.parameters()")],
            "leaves out batch normalisation",
        ),
        ("not loaded", [("model.load_state_dict({", "dict({")], "it is as it was"),
        ("lenient", [("strict=True", "strict=False")], "A larger model's arrays are taken"),
        (
            "shared",
            [
                ("    pairs = zip(model.state_dict(), weights, strict=True)\n", ""),
                (
                    "    model.load_state_dict({name: torch.from_numpy(array) for name, array in pairs})",
                    "    for tensor, array in zip(model.state_dict().values(), weights, strict=True):\n"
                    "        tensor.data = torch.from_numpy(array)",
                ),
            ],
            "The model",
        ),
        (
            "first only",
            [("for name, array in pairs}", "for name, array in list(pairs)[:1]}, strict=False")],
            "The model[1][0] is ",
        ),
    ],
    "fedavg": [
        (
            "plain",
            [(MEAN, "return sum(numbers) / len(numbers)")],
            "is 0.2 where 0.26 is right: the client with 1,000",
        ),
        ("sum", [(MEAN, "return sum(numbers)")], "that is a sum, and no mean"),
        ("undivided", [(" / sum(images)", "")], "still to be divided"),
        ("by clients", [("/ sum(images)", "/ len(images)")], "not by the number of clients"),
        (
            "backwards",
            [("zip(numbers, images,", "zip(numbers, images[::-1],")],
            "the first number goes with",
        ),
        (
            "three",
            [(MEAN, "return 0.6 * numbers[0] + 0.3 * numbers[1] + 0.1 * numbers[-1]")],
            "is 1.4 where 1.75 is right",
        ),
        (
            "plain arrays",
            [(PRIME, "np.mean(layer_updates, axis=0)"), ("layer * num_examples", "layer")],
            "all clients count the same",
        ),
        (
            "undivided arrays",
            [(f"{PRIME}", "reduce(np.add, layer_updates)")],
            "the sum of arrays times images is still",
        ),
        (
            "arrays by clients",
            [("/ num_examples_total", "/ len(results)")],
            "not by the number of clients",
        ),
        (
            "one array",
            [("return weights_prime", "return weights_prime[0]")],
            "is an array of shape (2, 3), and has to be a list of 3",
        ),
        (
            "in place",
            [
                (
                    "[layer * num_examples for layer in weights]",
                    "[np.multiply(layer, num_examples, out=layer) for layer in weights]",
                )
            ],
            "aggregate changes its argument results",
        ),
        (
            "the last",
            [("return weights_prime", "return results[-1][0]")],
            "that is the last client's model",
        ),
    ],
    "fit": [
        ("not set", [("self.set_parameters(parameters)", "pass")], "set_parameters comes first"),
        (
            "untrained",
            [(FIT_END, "return parameters, count, {}")],
            "these weights were sent, before or without",
        ),
        (
            "two things",
            [(FIT_END, "return get_weights(self.model), count")],
            "and has to be a tuple of 3 (a list of 8, a number (int), a dict",
        ),
        (
            "epochs",
            [('config["local_epochs"]', "1")],
            "fit trains with local_epochs 1; config says 2",
        ),
        (
            "rate",
            [('config["learning_rate"]', "0.05")],
            "fit trains with learning_rate 0.05; config",
        ),
        ("batch", [('config["batch_size"]', "32")], "fit trains with batch_size 32"),
        (
            "count twice",
            [("count = len(self.labels)", 'count = len(self.labels) * config["local_epochs"]')],
            "is 96 where 48 is right: that is once for every epoch",
        ),
        (
            "a loss",
            [(FIT_END, "return get_weights(self.model), loss, {}")],
            "is a number (float), and has to be a number (int)",
        ),
        (
            "update",
            [
                (
                    FIT_END,
                    "return [a - b for a, b in zip(get_weights(self.model), parameters)], count, {}",
                )
            ],
            "the server averages whole models",
        ),
        (
            "no rng",
            [('[config["seed"], config["server_round"], self.partition_id]', "")],
            "The same round trains to other weights",
        ),
        (
            "same rounds",
            [('config["server_round"], self', "self")],
            "Another round shuffles in the same way",
        ),
        (
            "same clients",
            [(", self.partition_id]", "]")],
            "Another client shuffles in the same way",
        ),
        ("same seeds", [('config["seed"], ', "")], "Another seed shuffles in the same way"),
        (
            "metrics",
            [(FIT_END, "return get_weights(self.model), count, loss")],
            "is a number (float), and has to be a dict with nothing in it",
        ),
    ],
    "config": [
        (
            "a dict",
            [("return instructions\n", "return instructions(1)\n")],
            "'seed', and has to be a function",
        ),
        (
            "no seed",
            [('            "seed": args.seed,\n', "")],
            "The config of round 1 has no 'seed'",
        ),
        (
            "no round",
            [('"server_round": server_round', '"server_round": 1')],
            "['server_round'] is 1 where 2 is right",
        ),
        ("fixed", [("args.batch_size", "32")], "['batch_size'] is 32 where 16 is right"),
        (
            "args",
            [('"seed": args.seed,', '"seed": args.seed, "args": args,')],
            "only numbers and texts can travel",
        ),
        ("too early", [("(server_round - 1)", "server_round")], "the exponent is one less"),
        ("constant", [(RATE, 'config["learning_rate"]')], "nothing shrinks"),
        ("grows", [("factor **", "factor ** -1 **")], "is 0.4"),
        (
            "once",
            [("** (server_round - 1)", "")],
            "all rounds have the same: where is server_round?",
        ),
        (
            "divided",
            [(RATE, 'config["learning_rate"] / factor ** (server_round - 1)')],
            "it grows: multiply by factor",
        ),
        ("only rate", [("{**config, ", "{")], "The config of round 1 has no"),
        (
            "changes",
            [(SHRINK, 'config["learning_rate"] = rate\n        return config')],
            "changes the dict that it was given",
        ),
        (
            "state",
            [
                (f"rate = {RATE}", "rates.append(rates[-1] * factor)\n        rate = rates[-2]"),
                (
                    "    def shrinking(",
                    '    rates = [instructions(1)["learning_rate"]]\n\n    def shrinking(',
                ),
            ],
            "This time it is 0.0125, not 0.1",
        ),
    ],
    "evaluation": [
        ("not set", [("set_weights(model, weights)", "pass")], "the model has its old weights"),
        (
            "called",
            [("return evaluate_global_model", "return evaluate(model, images, labels)")],
            "a number (float)), and has to be a function",
        ),
        ("swapped", [(TESTED, "return accuracy, loss")], "the loss comes first, and then a dict"),
        (
            "no dict",
            [(TESTED, "return loss, accuracy")],
            "[1] is a number (float), and has to be a dict with 'accuracy'",
        ),
        (
            "percent",
            [('"accuracy": accuracy', '"accuracy": 100 * accuracy')],
            "is a fraction, 1 at most",
        ),
        ("other name", [('"accuracy": accuracy', '"acc": accuracy')], "has no 'accuracy'"),
        (
            "two arguments",
            [("(server_round, weights, config)", "(weights, config)")],
            "evaluate_global_model is called with 3 argument(s)",
        ),
        (
            "raw images",
            [("images, labels = to_tensors(images, labels)", "pass")],
            "line 19, in evaluate_global_model: loss, accuracy = evaluate(model, images, labels)",
        ),
        ("no return", [(TESTED, "pass")], "is None (is a return missing?)"),
    ],
    "without_nan": [
        ("all", [("finite, failures", "results, failures")], "and it is averaged"),
        (
            "only NaN",
            [("np.isfinite(array).all()", "not np.isnan(array).any()")],
            "is inf, and it is averaged",
        ),
        (
            "any",
            [("np.isfinite(array).all()", "np.isfinite(array).any()")],
            "is nan, and it is averaged",
        ),
        (
            "first array",
            [
                (
                    "in parameters_to_ndarrays(fit_result.parameters)",
                    "in parameters_to_ndarrays(fit_result.parameters)[:1]",
                )
            ],
            "and it is averaged",
        ),
        (
            "none",
            [
                (
                    "        return self",
                    "        finite = finite if len(finite) == len(results) else []\n        return self",
                )
            ],
            "the others go with it",
        ),
        (
            "no return",
            [("return self.strategy", "self.strategy")],
            "is None (is a return missing?)",
        ),
        (
            "not asked",
            [
                (
                    "return self.strategy.aggregate_fit(server_round, finite, failures)",
                    "return finite, {}",
                )
            ],
            "is never called: who averages?",
        ),
        ("itself", [("self.strategy.aggregate_fit", "self.aggregate_fit")], "RecursionError"),
        (
            "failures",
            [("finite, failures)", "finite, [])")],
            "(server_round, failures)[1] is a list of 0, and",
        ),
        (
            "round",
            [("aggregate_fit(server_round, finite", "aggregate_fit(1, finite")],
            "is 1 where 4 is right",
        ),
        (
            "empty",
            [
                (
                    "        return self",
                    "        if not finite:\n            return None, {}\n        return self",
                )
            ],
            "is never called: who averages?",
        ),
    ],
    "shards": [
        (
            "unsorted",
            [('np.argsort(labels, kind="stable")', "np.arange(len(labels))")],
            "Two at most are right: sort by label",
        ),
        ("in order", [("rng.permutation(count)", "np.arange(count)")], "show one digit"),
        (
            "opposite",
            [(SHARDS, "for first, second in np.arange(count).reshape(2, -1).T")],
            "always 5 apart",
        ),
        (
            "one each",
            [("[pieces[first], pieces[second]]", "[pieces[first]]")],
            "Images that are nobody's",
        ),
        ("labels", [('np.argsort(labels, kind="stable")', "np.sort(labels)")], "These are labels"),
        (
            "replacement",
            [("rng.permutation(count)", "rng.integers(0, count, count)")],
            "in more than one place",
        ),
        (
            "not joined",
            [
                (
                    "np.concatenate([pieces[first], pieces[second]])",
                    "[pieces[first], pieces[second]]",
                )
            ],
            "Client 0 gets a list of 2, and not one array",
        ),
        (
            "own rng",
            [("rng.permutation", "np.random.permutation")],
            "The same seed deals differently",
        ),
        (
            "cut by image",
            [
                (
                    "np.concatenate([pieces[first], pieces[second]])",
                    "np.concatenate([pieces[first], pieces[second]])[:-1]",
                )
            ],
            "Images that are nobody's",
        ),
    ],
    "label": [
        ("lowest", [("np.argmax", "np.argmin")], "that bias fell most"),
        ("fc1", [("update[FC2_BIAS]", "update[5]")], "that is the bias of fc1, with 64 units"),
        ("weights", [("update[FC2_BIAS]", "update[6]")], "one of fc2's 640 weights"),
        (
            "how far",
            [("int(np.argmax(", "float(np.max(")],
            "label_of(update)[0] is a number (float)",
        ),
        ("always", [(LABEL, "7")], "it is always the same"),
        (
            "all of it",
            [(LABEL, "update[FC2_BIAS] > 0")],
            "is an array of shape (10,), and has to be a number (int)",
        ),
    ],
    "noise": [
        (
            "always",
            [("min(1.0, clip / length)", "clip / length")],
            "only what is longer than the clip is scaled",
        ),
        (
            "each array",
            [(CLIPPED, "[array * min(1, clip / np.linalg.norm(array)) for array in floats]")],
            "you cut each array by itself",
        ),
        (
            "each number",
            [(CLIPPED, "[np.clip(array, -clip, clip) for array in floats]")],
            "you cut each number by itself",
        ),
        (
            "no clip",
            [("min(1.0, clip / length)", "min(1.0, 1 / length)")],
            "its length is 1: times clip",
        ),
        (
            "no root",
            [
                (
                    "np.sqrt(sum(np.sum(np.square(array, dtype=np.float64)) for array in floats))",
                    "sum(np.sum(np.square(array)) for array in floats)",
                )
            ],
            "the length is a square root",
        ),
        ("not cut", [("min(1.0, clip / length)", "1.0")], "it is not cut"),
        (
            "those that came",
            [
                (
                    "clip) for update in updates], clients)",
                    "clip) for update in updates], len(updates))",
                )
            ],
            "(all are 2.5 times what is right): divide by all clients",
        ),
        (
            "raw",
            [("[clipped(update, clip) for update in updates]", "updates")],
            "the updates are not clipped",
        ),
        (
            "late",
            [
                (
                    "mean_over_all([clipped(update, clip) for update in updates], clients)",
                    "clipped(mean_over_all(updates, clients), clip)",
                )
            ],
            "clip each update first",
        ),
        ("none", [("scale * normal(array.shape)", "scale")], "Without noise"),
        (
            "no noise",
            [(" + scale * normal(array.shape)", "")],
            "no number of yours comes from normal(shape)",
        ),
        (
            "on the sum",
            [(SCALE, "scale = noise_multiplier * clip")],
            "that is the noise on the sum",
        ),
        (
            "of those",
            [(SCALE, "scale = noise_multiplier * clip / len(updates)")],
            "not by the updates that came",
        ),
        ("no z", [(SCALE, "scale = clip / clients")], "noise_multiplier is missing"),
        (
            "variance",
            [(SCALE, "scale = (noise_multiplier * clip / clients) ** 2")],
            "that is a variance",
        ),
        ("one for all", [("normal(array.shape)", "normal(1)")], "each number gets its own noise"),
    ],
}
CASES = [(name, *case) for name, cases in MISTAKES.items() for case in cases]


@pytest.mark.parametrize(
    "name, changes, words",
    [
        pytest.param(name, changes, words, id=f"{name}-{case}")
        for name, case, changes, words in CASES
    ],
)
def test_a_mistake_is_named(name, changes, words, tmp_path):
    verdict = verdict_on(name, wrong_answer(name, *changes), tmp_path)
    assert words in " ".join(verdict["fault"]), verdict


@pytest.mark.parametrize("name", MISTAKES)
def test_four_mistakes_are_known_at_least(name):
    assert len(MISTAKES[name]) >= 4
