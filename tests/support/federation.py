"""A small federation whose server and clients a test starts, disturbs and watches one by one."""

from support.history import read_history

from tests.support.harness import PROGRAMS, sha256
from tests.support.ports import free_address
from tests.support.small import write_partitions

SIZES = (60, 50, 40)  # images of the clients
TEST_SIZE = 20


class Federation:
    """A directory with small partitions, an address, and one run's words for server and clients."""

    def __init__(self, stage, mnist, directory, sizes=SIZES, test_size=TEST_SIZE):
        self.stage = stage
        self.directory = directory
        self.size = len(sizes)
        self.address = free_address()
        self.run = directory / "results/run"
        write_partitions(directory, mnist, sizes, test_size)

    def server(self, *words, rounds=2, moment=None, beside=False):
        """Start server.py, or faulty_server.py if a `moment` is given; `beside` is what Stage.start takes."""
        command = [PROGRAMS / "faulty_server.py", moment] if moment else ["server.py"]
        command += ["--clients", self.size, "--rounds", rounds, "--parallel-clients", self.size]
        command += ["--address", self.address, "--run", "results/run", *words]
        return self.stage.start(*command, cwd=self.directory, beside=beside)

    def client(self, number, *words, server=None):
        """Start client.py for the partition `number`."""
        return self._client(["client.py"], number, *words, server=server)

    def liar(self, number, lie, *words):
        """Start the client that lies as liars.py says."""
        return self._client([PROGRAMS / "liars.py", lie], number, *words)

    def _client(self, command, number, *words, server=None):
        words = ["--partition-id", number, "--server", server or self.address, *words]
        return self.stage.start(*command, *words, cwd=self.directory)

    def everybody(self, but=()):
        """Start a client for every partition, except for those in `but`; return {number: Actor}."""
        return {number: self.client(number) for number in range(self.size) if number not in but}

    def release(self, who):
        """Let a client that holds go on, or the "server" that pauses."""
        (self.directory / f"go_{who}").touch()

    def history(self):
        """Return the rows of history.csv."""
        return read_history(self.run)

    def counts(self):
        """Return (round, clients, failures) of every finished round."""
        return [(row.round, row.clients, row.failures) for row in self.history()]

    def model(self):
        """Return the checksum of the global model's file."""
        return sha256(self.run / "global_model.npz")

    def assert_record_is_whole(self):
        """Check that history and model are valid and that nothing else is in the run's directory."""
        entries = {entry.name for entry in self.run.iterdir()}
        files = {"history.csv", "run.json", "global_model.npz"}
        assert entries == {*files, "state.zip", "events.jsonl"}
        assert self.history()
