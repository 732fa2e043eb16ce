"""The private server with the small network of edges instead of the lesson's."""

from support.command_line import OneLineParser, Options, UserError, run_command
from support.options import server_options
from support.partitions import PARTITIONS, load_partition

from beyond.differential_privacy.options import privacy_options
from beyond.differential_privacy.server import make_strategy
from beyond.price.edge_network import EdgeModel, features_of
from beyond.price.training import KEEP, mean_model
from model import evaluate, set_weights, to_tensors
from server import serve


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


def main(arguments=None):
    """Do as server.py's main does, with another network; it starts at zero, so no seed is needed."""
    parents = [*server_options(), privacy_options(), edge_options()]
    args = OneLineParser("edge_server.py", __doc__, parents).parse_args(arguments)
    model = EdgeModel(args.cells)
    images, labels = load_partition(PARTITIONS / "test.npz")
    strategy = make_strategy(args, model, images, labels)
    strategy.strategy.evaluate_fn = edge_evaluation(model, images, labels, args)
    serve(args, strategy, model)


if __name__ == "__main__":
    run_command(main, "beyond.price.server")
