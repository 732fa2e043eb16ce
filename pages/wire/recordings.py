"""What the wiretap prints and draws: of honest clients, of smugglers, and with TLS."""

from support.listening import free_port, is_listening

import contextlib
import shlex
import subprocess
import sys
import time

from pages.record import Recording, keep_screens, run

HONEST = dict.fromkeys(range(3), "client.py")
SMUGGLERS = {
    number: f"-m beyond.wire.smuggler --how {way}"
    for number, way in enumerate(("metrics", "compressed", "weights", "low-bits"))
}


def start(stack, directory, words):
    """Start `python WORDS` in `directory`; it ends with `stack`."""
    command = [sys.executable, *shlex.split(words)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=directory, stdout=quiet, stderr=quiet)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def wait_for(address):
    """Return when something listens at `address`: a client with TLS mistrusts who hangs up."""
    while not is_listening(address):
        time.sleep(0.1)  # nothing tells when another process begins to listen


def tap(name, clients, options="", more=""):
    """Return a Recording's function: a wiretap listens to a server with `clients`, {number: words}."""

    def record(directory, recorded):
        server, listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
        own = f"--rounds 3 --min-clients {len(clients)} --patience 20 --run results/{name}"
        tapped = f"--listen {listen} --server {server} --picture results/{name}.png"
        partitions = " ".join(map(str, clients))
        with contextlib.ExitStack() as stack:
            start(stack, directory, f"server.py {own} --address {server} {more}")
            wait_for(server)
            for number, words in clients.items():
                start(stack, directory, f"{words} --partition-id {number} --server {listen} {more}")
            words = f"--partition {partitions} {tapped} {options}"
            screen = run(directory, f"python -m beyond.wire.wiretap {words}")
        keep_screens(recorded, {name: screen.replace(listen, "127.0.0.1:8081")})

    return record


RECORDINGS = {
    "wiretap": Recording(
        ("python partition.py",),
        function=tap("wiretap", HONEST),
        files={"wiretap.png": "results/wiretap.png"},
    ),
    "smugglers": Recording(
        ("python partition.py",),
        function=tap("smugglers", SMUGGLERS, "--reveal results/low_bits.png"),
        files={"low_bits.png": "results/low_bits.png"},
    ),
    "tls": Recording(
        ("python partition.py", "make certificates"),
        function=tap("tls", HONEST, more="--certificates certificates"),
    ),
}
