"""client.py that says with which learning rate it trains."""

import client
from support.command_line import run_command


class ToyClient(client.FlowerClient):
    """A FlowerClient that says a little more."""

    def fit(self, parameters, config):
        """Train as the lesson does."""
        print(f"Learning rate {config['learning_rate']:g}")
        return super().fit(parameters, config)


def main(arguments=None):
    """Run client.py's command line with another client."""
    client.main(arguments, ToyClient)


if __name__ == "__main__":
    run_command(main)
