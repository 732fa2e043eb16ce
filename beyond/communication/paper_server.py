"""heterogeneity's server with the paper's CNN."""

from support.command_line import OneLineParser, run_command
from support.options import server_options
from support.partitions import PARTITIONS, load_partition

import torch

from beyond.communication.paper_cnn import PaperCNN
from beyond.heterogeneity.options import heterogeneity_options
from beyond.heterogeneity.server import make_strategy
from server import serve


def main(arguments=None):
    """Do as server.py's main does, with another network."""
    parents = [*server_options(), heterogeneity_options()]
    args = OneLineParser("beyond.communication.paper_server", __doc__, parents).parse_args(
        arguments
    )
    torch.manual_seed(args.seed)
    model = PaperCNN()
    images, labels = load_partition(PARTITIONS / "test.npz")
    serve(args, make_strategy(args, model, images, labels), model)


if __name__ == "__main__":
    run_command(main, "beyond.communication.paper_server")
