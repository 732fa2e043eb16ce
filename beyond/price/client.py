"""The client with the small network of edges, which learns from the client's own digits."""

from beyond.differential_privacy import client
from beyond.price.edge_network import EdgeModel, cells_of, digits_of, features_of
from support.command_line import run_command


class EdgeClient(client.PrivateClient):
    """A PrivateClient whose model is an EdgeModel."""

    def set_parameters(self, parameters):
        """Take the weights into a network of the size that the server has chosen."""
        if self.images.dim() == 4:  # still pixels
            self.model.cut(cells_of(parameters))
            self.model.own = digits_of(self.labels)
            self.images = features_of(self.images, self.model.cells)  # once: nothing in them learns
        super().set_parameters(parameters)


def main(arguments=None):
    """Run the command line of client.py."""
    client.main(arguments, EdgeClient, EdgeModel)


if __name__ == "__main__":
    run_command(main)
