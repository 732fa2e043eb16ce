"""heterogeneity's federation with the paper's CNN instead of the lesson's.

python -m beyond.communication.paper_federation --clients 100 --fraction-fit 0.1 --learning-rate 0.01
"""

from support.command_line import run_command

from beyond.heterogeneity import federation

PROGRAMS = ("beyond.communication.paper_server", "beyond.communication.paper_client")


def main(arguments=None):
    """Run the command line described above."""
    federation.main(arguments, PROGRAMS)


if __name__ == "__main__":
    run_command(main, "beyond.communication.paper_federation")
