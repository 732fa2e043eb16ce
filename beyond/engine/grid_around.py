"""A Grid around a Grid, which passes everything on: the base of those that add something."""

from flwr.serverapp import Grid


class GridAround(Grid):
    """Passes on to `grid` what Flower asks of a Grid."""

    def __init__(self, grid):
        self.grid = grid

    @property
    def run(self):
        """Return the run that this grid belongs to."""
        return self.grid.run

    def set_run(self, run):
        """Pass on."""
        self.grid.set_run(run)

    def create_message(self, *arguments, **options):
        """Pass on."""
        return self.grid.create_message(*arguments, **options)

    def get_node_ids(self):
        """Pass on: the identifiers of the nodes that are online."""
        return self.grid.get_node_ids()

    def get_nodes(self):
        """Pass on."""
        return self.grid.get_nodes()

    def push_messages(self, messages):
        """Pass on; return the messages' identifiers."""
        return self.grid.push_messages(messages)

    def pull_messages(self, message_ids):
        """Pass on; return the replies that have come."""
        return self.grid.pull_messages(message_ids)

    def send_and_receive(self, messages, *, timeout=None):
        """Pass on; return the replies."""
        return self.grid.send_and_receive(messages, timeout=timeout)
