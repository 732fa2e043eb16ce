"""client.py with the paper's CNN."""

import client
from benchmarks.paper_cnn import PaperCNN


def main(arguments=None):
    """Run client.py's command line."""
    client.CNN = PaperCNN
    client.main(arguments)
