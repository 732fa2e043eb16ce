"""The client of this chapter with the paper's CNN."""

from beyond.heterogeneity.client import HeterogeneityClient
from beyond.heterogeneity.client import main as client_main
from beyond.heterogeneity.paper_cnn import PaperCNN


class PaperClient(HeterogeneityClient):
    """A client that trains the paper's network in the place of the lesson's."""

    def __init__(self, partition_id, images, labels):
        super().__init__(partition_id, images, labels)
        self.model = PaperCNN()


def main(arguments=None):
    """Run the command line of the chapter's client."""
    client_main(arguments, PaperClient)
