"""federation.py with other programs in the places of server.py and client.py.

    python benchmarks/federation_with.py server benchmarks.timed_client --rounds 3

The first two words are modules with a `main`, the rest are options of federation.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import federation  # noqa: E402
from support.command_line import UserError, run_command  # noqa: E402
from support.processes import process_context  # noqa: E402


def main(arguments=None):
    """Run the command line described above."""
    programs, words = sys.argv[1:3], sys.argv[3:]
    if len(programs) < 2 or any(word.startswith("-") for word in programs):
        raise UserError("name two modules first, such as server benchmarks.timed_client")
    args = federation.parse(words)
    context = process_context()
    federation.make_partitions(context, args)
    federation.run_processes(context, args, programs)


if __name__ == "__main__":
    run_command(main, "benchmarks/federation_with.py")
