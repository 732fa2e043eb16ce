"""The federation of this chapter with the paper's CNN in the place of the lesson's.

python -m beyond.heterogeneity.paper_federation --clients 100 --fraction-fit 0.1 --learning-rate 0.01
"""

from support.command_line import run_command

from beyond.heterogeneity import federation

PROGRAMS = ("beyond.heterogeneity.paper_server", "beyond.heterogeneity.paper_client")


def main(arguments=None):
    """Run the command line described above."""
    federation.main(arguments, PROGRAMS)


if __name__ == "__main__":
    run_command(main, "beyond.heterogeneity.paper_federation")
