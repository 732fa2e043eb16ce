"""Every port that is open while one of our commands runs is open to this machine only.

Those of the engine are looked at where they run anyway: tests/engine.
"""

import pytest

from tests.support.harness import processes_in
from tests.support.open_ports import assert_only_loopback, open_ports
from tests.support.ports import free_address

LONG_RUN = ["--clients", 3, "--rounds", 1000, "--run", "results/run"]
COMMANDS = {  # the words before those that name a port, and the line by which the command is at work
    "server": (["server.py", *LONG_RUN, "--address"], "^Waiting for clients"),
    "federation": (["federation.py", *LONG_RUN, "--address"], "^Round +1 "),
    "wiretap": (["-m", "beyond.wire.wiretap", "--listen"], "^Listening"),
    "watch": (["-m", "beyond.watch", "results/run", "--port"], "^http"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_only_this_machine_is_let_in(federation, stage, name):
    words, ready = COMMANDS[name]
    address = free_address()
    port = address.rpartition(":")[2]
    where = port if words[-1] == "--port" else address
    stage.start(*words, where, cwd=federation.directory).wait_for(ready)
    ports = open_ports(processes_in(federation.directory))
    assert_only_loopback(ports)
    assert int(port) in {one.port for one in ports}
