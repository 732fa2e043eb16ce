"""The client of this chapter with the paper's CNN."""

from support.command_line import run_command

from beyond.heterogeneity import client
from beyond.heterogeneity.paper_cnn import PaperCNN


class PaperClient(client.HeterogeneityClient):
    """A client that trains the paper's network in the place of the lesson's."""

    def __init__(self, partition_id, images, labels):
        super().__init__(partition_id, images, labels)
        self.model = PaperCNN()


def main(arguments=None):
    """Run the command line of the chapter's client."""
    client.main(arguments, PaperClient)


if __name__ == "__main__":
    run_command(main, "beyond.heterogeneity.paper_client")
