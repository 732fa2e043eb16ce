"""federation.py with other programs in the places of server.py and client.py.

    python benchmarks/federation_with.py server benchmarks.timed_client --rounds 3

The first two words are modules with a `main`, the rest are options of federation.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import federation  # noqa: E402
from support.command_line import run_command  # noqa: E402
from support.processes import process_context  # noqa: E402


def main(arguments=None):
    """Run the command line described above."""
    server, client, *words = sys.argv[1:] if arguments is None else arguments
    args = federation.parse(words)
    context = process_context()
    federation.make_partitions(context, args)
    federation.run_processes(context, args, programs=(server, client))


if __name__ == "__main__":
    run_command(main, "benchmarks/federation_with.py")
