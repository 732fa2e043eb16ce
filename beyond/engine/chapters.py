"""Which chapters' strategies and clients the engine may run: as they are, for both of Flower's engines."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from beyond.differential_privacy.options import privacy_options
from beyond.heterogeneity.options import heterogeneity_options


class Chapter(NamedTuple):
    """What a chapter brings through the doors of server.py and client.py; imported when it is needed."""

    server: str  # the module with `make_strategy`
    client: str  # the module,
    client_class: str  # and its class
    option_makers: tuple[Callable, ...] = ()

    def make_strategy(self, args, model, images, labels):
        """Return the chapter's strategy, as its server makes it."""
        return import_module(self.server).make_strategy(args, model, images, labels)

    def make_client(self, *arguments):
        """Return the chapter's client."""
        return getattr(import_module(self.client), self.client_class)(*arguments)

    def make_options(self):
        """Return the chapter's own options, parents for argparse."""
        return [make() for make in self.option_makers]


CHAPTERS = {
    "lesson": Chapter("server", "client", "FlowerClient"),
    "heterogeneity": Chapter(
        "beyond.heterogeneity.server",
        "beyond.heterogeneity.client",
        "HeterogeneityClient",
        (heterogeneity_options,),
    ),
    "privacy": Chapter(
        "beyond.differential_privacy.server",
        "beyond.differential_privacy.client",
        "PrivateClient",
        (privacy_options,),
    ),
}
