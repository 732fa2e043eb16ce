"""A small federation whose server and clients a test starts, disturbs and watches one by one."""

from support.tables import read_history
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

    def waiting_server(self, *words, **options):
        """Start a server as `server` does; return it when it waits for clients."""
        server = self.server(*words, **options)
        server.wait_for("^Waiting for clients")
        return server

    def client(self, number, *words, server=None, program=("client.py",)):
        """Start client.py, or another `program`, for the partition `number`."""
        words = ["--partition-id", number, "--server", server or self.address, *words]
        return self.stage.start(*program, *words, cwd=self.directory)

    def liar(self, number, lie):
        """Start the client that lies as liars.py says."""
        return self.client(number, program=(PROGRAMS / "liars.py", lie))

    def held(self, number, server_round=1):
        """Start a client that holds on when it is to train in a round; return it when it does."""
        client = self.liar(number, f"hold@{server_round}")
        client.wait_for(f"^Round {server_round}: holding")
        return client

    def everybody(self, *words, but=()):
        """Start a client for every partition, except for those in `but`; return {number: Actor}."""
        numbers = [number for number in range(self.size) if number not in but]
        return {number: self.client(number, *words) for number in numbers}

    def finish(self, server, *words):
        """Start all clients, with `words`; return when they and the server have ended well."""
        for one in [*self.everybody(*words).values(), server]:
            one.finish()

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
