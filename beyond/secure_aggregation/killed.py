"""What becomes of a secure round when a SuperNode is killed, after it has handed out its shares.

    python -m beyond.secure_aggregation.killed --clients 6 --rounds 5

A drill with a real kill -9, as those of beyond.deployment.kill_drills are.
"""

from beyond.deployment import kill_drills
from beyond.secure_aggregation.app import components
from beyond.secure_aggregation.shares import FEWEST, shares_options
from support.command_line import UserError, run_command

MASKING = 3  # the message of a round that a client answers with its masked update


def parse(arguments=None):
    """Return the options. Raises UserError if the clients are too few to lose one."""
    args = kill_drills.parse_drill(arguments, shares_options())
    if args.clients <= FEWEST:
        raise UserError(
            f"without one of {args.clients} clients no masks are made; change --clients"
        )
    return args


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    kill_drills.run(args, kill_drills.kill_node, MASKING, **components(args.shares))


if __name__ == "__main__":
    run_command(main)
