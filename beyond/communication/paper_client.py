"""heterogeneity's client with the paper's CNN."""

from support.command_line import run_command

from beyond.communication.paper_cnn import PaperCNN
from beyond.heterogeneity import client


class PaperClient(client.HeterogeneityClient):
    """A client that trains the paper's network instead of the lesson's."""

    def __init__(self, partition_id, images, labels):
        super().__init__(partition_id, images, labels)
        self.model = PaperCNN()


def main(arguments=None):
    """Run heterogeneity's command line."""
    client.main(arguments, PaperClient)


if __name__ == "__main__":
    run_command(main, "beyond.communication.paper_client")
