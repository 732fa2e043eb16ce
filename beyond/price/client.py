"""The client with the small network of edges, which learns from the client's own digits."""

from support.command_line import run_command

from beyond.differential_privacy.client import PrivateClient
from beyond.differential_privacy.client import main as client_main
from beyond.price.edge_network import EdgeModel, cells_of, digits_of, features_of


class EdgeClient(PrivateClient):
    """A client that trains the network of edges instead of the lesson's."""

    def set_parameters(self, parameters):
        """Take the weights into a network of the size that the server has chosen."""
        if not isinstance(self.model, EdgeModel):
            self.model = EdgeModel(cells_of(parameters), digits_of(self.labels))
            self.images = features_of(self.images, self.model.cells)  # once: nothing in them learns
        super().set_parameters(parameters)


def main(arguments=None):
    """Run the command line of client.py."""
    client_main(arguments, EdgeClient)


if __name__ == "__main__":
    run_command(main, "beyond.price.client")
