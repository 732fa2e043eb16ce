"""The bridge: Flower's ServerApp and ClientApp around the lesson's own client, strategy, checks and record.

Flower's engine looks both up in pyproject.toml. A ClientApp runs on a node, which knows whose data it holds;
a ServerApp runs beside SuperLink, and reaches the nodes through a Grid, which has no connections.
"""

from pathlib import Path

import torch
from flwr.clientapp import ClientApp
from flwr.server import ServerConfig
from flwr.server.compat import start_grid
from flwr.serverapp import ServerApp

from beyond.engine.chapters import CHAPTERS
from beyond.engine.node_client import NodeParticipant, partition_of
from beyond.engine.node_roll_call import NodeRollCall
from beyond.engine.packed_messages import PackingGrid, packing_mod
from beyond.engine.run_config import parse_run_config
from beyond.engine.shared_grid import shared_grid
from model import make_model
from support.command_line import NothingToDo
from support.partitions import PARTITIONS, load_partition
from support.robust_server import robust_server


def make_client(context):
    """Return the chapter's client with this node's data; Flower calls this for every message.

    Number and folder come from the node's own config: no message can name another file.
    """
    number = partition_of(context.node_config)
    folder = Path(context.node_config.get("folder", PARTITIONS))
    torch.set_num_threads(1)
    images, labels = load_partition(folder / f"client_{number}.npz")
    chapter = CHAPTERS[context.run_config["chapter"]]
    client = chapter.make_client(number, make_model(), images, labels)
    return NodeParticipant(client.to_client(), number)


def model_and_strategy(args, make_strategy):
    """Return the first global model and what `make_strategy` makes for it, as server.py's main does."""
    torch.manual_seed(args.seed)  # the same seed, the same first weights
    model = make_model()
    images, labels = load_partition(PARTITIONS / "test.npz")
    return model, make_strategy(args, model, images, labels)


def serve(grid, args):
    """Run the rounds as server.py does, with the nodes of `grid` instead of connections."""
    model, strategy = model_and_strategy(args, CHAPTERS[args.chapter].make_strategy)
    config = ServerConfig(num_rounds=args.rounds, round_timeout=args.round_timeout)
    support = robust_server(args, strategy, model, NodeRollCall, has_terminal=False)
    with support as server, shared_grid(PackingGrid(grid)) as shared:
        start_grid(grid=shared, server=server, config=config)


client_app = ClientApp(client_fn=make_client, mods=[packing_mod])
server_app = ServerApp()


@server_app.main()
def main(grid, context):
    """Run the ServerApp. Raises UserError or RunError, by which Flower knows that the run has failed."""
    try:
        serve(grid, parse_run_config(context.run_config))
    except NothingToDo as news:
        print(news)
