"""client.py with a clock: it says how long every training took."""

import time

import client


class TimedClient(client.FlowerClient):
    """A FlowerClient that prints the seconds of each `fit`."""

    def fit(self, parameters, config):
        """Train, and say how long that took."""
        began = time.perf_counter()
        result = super().fit(parameters, config)
        seconds = time.perf_counter() - began
        print(f"Round {config['server_round']}: {seconds:.4f} s of training")
        return result


def main(arguments=None):
    """Run client.py's command line."""
    client.main(arguments, make_client=TimedClient)
