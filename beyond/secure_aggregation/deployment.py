"""Secure aggregation on SuperNodes: beyond.deployment.federation with this chapter's app.

    python -m beyond.secure_aggregation.deployment --run results/secagg_nodes
    python -m beyond.secure_aggregation.deployment --certificates certificates --run results/secagg_nodes

It takes the options of both.
"""

from beyond.deployment import federation as deployment
from beyond.secure_aggregation.federation import shown_options, variant
from beyond.secure_aggregation.shares import shares_options
from support.command_line import parse_options, run_command
from support.options import partition_options, run_server_options


def parse(arguments=None):
    """Return the options; raise UserError if they do not go together."""
    parents = [
        *run_server_options(),
        partition_options(),
        deployment.deployment_options(),
        shares_options(),
        shown_options(),
    ]
    args = parse_options(arguments, parents)
    args.chapter = "lesson"
    return args


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    deployment.run(args, **variant(args))


if __name__ == "__main__":
    run_command(main)
