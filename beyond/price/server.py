"""The private server with the small network of edges instead of the lesson's.

python -m beyond.price.server --clip 0.4 --target-epsilon 8 --batch-size 60000 --learning-rate 25
"""

from beyond.differential_privacy import server
from beyond.price.edge_network import EdgeModel, features_of
from beyond.price.training import KEEP, mean_model
from model import evaluate, set_weights, to_tensors
from support.command_line import Options, UserError, run_command


def edge_options():
    """Return the options of a federation with the network of edges."""
    parser = Options(check_keep)
    add = parser.add_argument
    add("--cells", type=int, choices=(4, 7), default=7, help="parts of an image, along each side")
    add("--keep", choices=KEEP, default="last", help="test the last model, or the later ones' mean")
    return parser


def check_keep(args):
    """Raise UserError if what an interrupted run had in memory would be needed."""
    if args.resume and args.keep == "mean":
        raise UserError("--keep mean needs models that are not on disk; start without --resume")


def edge_evaluation(model, images, labels, args):
    """Return the function with which Flower tests the model, or the mean of the later rounds' models."""
    images, labels = to_tensors(images, labels)
    features = features_of(images, model.cells)  # once for all rounds
    later = []

    def evaluate_global_model(server_round, weights, config):
        if args.keep == "mean" and server_round > args.rounds // 2:
            later.append(weights)
            weights = mean_model(later)
        set_weights(model, weights)
        loss, accuracy = evaluate(model, features, labels)
        return loss, {"accuracy": accuracy}

    return evaluate_global_model


def make_strategy(args, model, images, labels):
    """Return the private strategy for `model`, an EdgeModel, which gets as many cells as `args` say."""
    model.cut(args.cells)
    strategy = server.make_strategy(args, model, images, labels)
    strategy.strategy.evaluate_fn = edge_evaluation(model, images, labels, args)
    return strategy


def main(arguments=None):
    """Run the command line described above."""
    server.main(arguments, make_strategy, [edge_options()], EdgeModel)


if __name__ == "__main__":
    run_command(main)
