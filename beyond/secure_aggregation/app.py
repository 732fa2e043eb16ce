"""The bridge with secure aggregation: the same client, whose update leaves the node masked.

Components of a Flower app: server_app and client_app. The run config has one more entry, `shares` (see
shares.py).
"""

import secrets
from argparse import Namespace
from functools import partial

from flwr.client.mod import secaggplus_mod
from flwr.clientapp import ClientApp
from flwr.server import ServerConfig
from flwr.server.compat import start_grid
from flwr.serverapp import ServerApp

import server
from beyond.engine.apps import make_client, model_and_strategy
from beyond.engine.node_roll_call import NodeRollCall
from beyond.engine.packed_messages import PackingGrid, packing_mod
from beyond.engine.run_config import parse_run_config
from beyond.engine.shared_grid import shared_grid
from beyond.secure_aggregation.careful_client import careful_mod
from beyond.secure_aggregation.careful_training import careful_training_mod
from beyond.secure_aggregation.masked_updates import MaskedUpdates
from beyond.secure_aggregation.server import SecureServer, make_workflow
from beyond.secure_aggregation.shares import FEWEST, check_shares, threshold
from support.command_line import NothingToDo, UserError, name_command
from support.robust_server import robust_strategy, roll_call_of

OWN_ENTRIES = ("shares", "drop-out", "single-out")  # of the run config, besides the lesson's


def components(shares, **more):
    """Return what bundle.unpack_app needs to make the app a secure one: components and run config.

    `more` replaces or adds some.
    """
    module = "beyond.secure_aggregation.app"
    names = {"serverapp": f"{module}:server_app", "clientapp": f"{module}:client_app"}
    return names | {"shares": shares} | more


def parse(run_config):
    """Return the options in a run config. Raises UserError if they are not for secure aggregation."""
    lesson = {name: value for name, value in run_config.items() if name not in OWN_ENTRIES}
    args = parse_run_config(lesson)
    if args.chapter != "lesson":
        raise UserError(
            f"secure aggregation hides from the server what --chapter {args.chapter} needs; leave that out"
        )
    args.shares, args.single_out = run_config["shares"], run_config.get("single-out")
    name_command("beyond.secure_aggregation.federation", __doc__)  # what resumes this run
    check_shares(args)
    return args


def needed_clients(args):
    """Return how many clients a round needs: enough to hide one among them, and to open the sum."""
    return max(args.min_clients, FEWEST, threshold(args.shares))


def make_strategy(args, model, images, labels):
    """Return the lesson's strategy; when a run goes on, its clients get another seed.

    It may repeat a round with other members. Had clients the same seed, they would train the same again, and
    the difference of the two sums would be one client's update.
    """
    if args.resume:
        args = Namespace(**vars(args) | {"seed": secrets.randbits(31)})
    return server.make_strategy(args, model, images, labels)


def serve(grid, args, make_workflow=make_workflow):
    """Run the rounds as apps.serve does, with a server that learns sums and no update."""
    model, strategy = model_and_strategy(args, make_strategy)
    config = ServerConfig(num_rounds=args.rounds, round_timeout=args.round_timeout)
    with (
        robust_strategy(args, strategy, model, MaskedUpdates, has_terminal=False) as strategy,
        shared_grid(PackingGrid(grid)) as shared,
    ):
        clients = roll_call_of(args, needed_clients(args), NodeRollCall, strategy.tell)
        secure = SecureServer(client_manager=clients, strategy=strategy)
        secure.begin_with(shared, partial(make_workflow, args))
        start_grid(grid=shared, server=secure, config=config)


def run(grid, context, make_workflow=make_workflow):
    """Run the ServerApp. Raises UserError or RunError, by which Flower knows that the run has failed."""
    try:
        serve(grid, parse(context.run_config), make_workflow)
    except NothingToDo as news:
        print(news)


MODS = [packing_mod, careful_mod, secaggplus_mod, careful_training_mod]
client_app = ClientApp(client_fn=make_client, mods=MODS)
server_app = ServerApp()
server_app.main()(run)
