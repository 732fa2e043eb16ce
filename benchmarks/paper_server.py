"""server.py with the paper's CNN."""

import server
from benchmarks.paper_cnn import PaperCNN


def main(arguments=None):
    """Run server.py's command line."""
    server.CNN = PaperCNN
    server.main(arguments)
