"""federation.py with the lesson in the Message API (message_api.py), in Flower's simulation.

python -m beyond.simulation.messages --rounds 3 --run results/messages
"""

from beyond.simulation import federation as simulation
from support.command_line import UserError, parse_options, run_command
from support.options import partition_options, run_server_options

COMPONENTS = {
    "serverapp": "beyond.engine.message_api:server_app",
    "clientapp": "beyond.engine.message_api:client_app",
}


def main(arguments=None):
    """Run the command line described above."""
    parents = [*run_server_options(), partition_options()]
    args = parse_options(arguments, parents)
    if args.resume:
        raise UserError(
            "the lesson in the Message API starts from the beginning; leave out --resume"
        )
    args.chapter = "lesson"
    simulation.run(args, **COMPONENTS)


if __name__ == "__main__":
    run_command(main)
