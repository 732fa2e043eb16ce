"""Record what the first half of chapter 7 shows.

    python -m beyond.privacy.record             # all of it -> beyond/privacy/recorded/
    python -m beyond.privacy.record --only wire

The parts are wire, tls, read, invert and defend. The trained model that is attacked is a federation's of the
lesson, run here as well.
"""

from support.command_line import run_command
from support.listening import free_port

import contextlib
import json
import socket
import subprocess
import sys
import time

from tools.recorder import keep_files, keep_screens, record_parts, run
from tools.terminals import ROOT

FOLDER = ROOT / "beyond/privacy/recorded"
SECONDS = FOLDER / "seconds.json"
HONEST = {number: ["client.py"] for number in range(3)}
SMUGGLERS = {
    number: ["-m", "beyond.privacy.smuggler", "--how", way]
    for number, way in enumerate(("metrics", "compressed", "weights", "low-bits"))
}
SEEDS = (0, 1, 2)  # of read_update


def start(stack, directory, *words):
    """Start `python WORDS` in `directory`; it ends with `stack`."""
    command = [sys.executable, *map(str, words)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=directory, stdout=quiet, stderr=quiet)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def wait_for(address):
    """Return when something listens at `address`: a client with TLS mistrusts who hangs up."""
    host, port = address.split(":")
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return
        time.sleep(0.1)  # nothing tells when another process begins to listen


def tap(directory, name, clients, tap_words, more=()):
    """Let a wiretap listen to a server with `clients`, {number: words}; keep its screen as NAME.txt."""
    server, listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
    words = f"--rounds 3 --min-clients {len(clients)} --patience 20 --run results/{name}".split()
    with contextlib.ExitStack() as stack:
        start(stack, directory, "server.py", *words, "--address", server, *more)
        wait_for(server)
        for number, program in clients.items():
            own = ["--partition-id", number, "--server", listen, *more]
            start(stack, directory, *program, *own)
        screen = run(
            directory,
            *("-m", "beyond.privacy.wiretap", "--listen", listen, "--server", server),
            *(*tap_words, "--picture", f"results/{name}.png"),
        )
    keep_screens(FOLDER, {name: screen.replace(listen, "127.0.0.1:8081")})


def record_wire(directory):
    """Record what the wiretap prints and draws: of honest clients, and of smugglers."""
    run(directory, "partition.py")
    tap(directory, "wiretap", HONEST, ["--partition", 0, 1, 2])
    reveal = ["--reveal", "results/low_bits.png"]
    tap(directory, "smugglers", SMUGGLERS, ["--partition", 0, 1, 2, 3, *reveal])
    keep_files(FOLDER, directory / "results", "wiretap.png", "low_bits.png")


def record_tls(directory):
    """Record what the wiretap prints when clients and server use TLS."""
    run(directory, "partition.py")
    subprocess.run(["make", "certificates"], cwd=directory, check=True, capture_output=True)
    tap(directory, "tls", HONEST, ["--partition", 0, 1, 2], ["--certificates", "certificates"])


def record_read(directory):
    """Record what can be read without an attack, with several seeds."""
    for seed in SEEDS:
        screen = timed(directory, "read_update", "--seed", seed)
        keep_screens(FOLDER, {f"read_update_{seed}": screen})
        if seed == 0:
            keep_files(FOLDER, directory / "results/privacy", "digits.png", "digits.csv")


def record_invert(directory):
    """Record the grid of inversions; the trained model comes from the lesson's federation."""
    run(directory, "federation.py", "--address", f"127.0.0.1:{free_port()}")
    keep_screens(FOLDER, {name: timed(directory, name) for name in ("invert_update", "membership")})
    keep_files(FOLDER, directory / "results/privacy", "inversion.png", "inversion.csv")


def record_defend(directory):
    """Record the accuracies that noise leaves, and what the defences stop."""
    table = "results/privacy/noise_accuracy.csv"
    screens = {"noised": timed(directory, "noised")}
    screens["defences"] = timed(directory, "defences", "--accuracies", table)
    keep_screens(FOLDER, screens)
    names = ("noise_accuracy.csv", "defences.csv", "sum.csv", "defences.png")
    keep_files(FOLDER, directory / "results/privacy", *names)


def timed(directory, name, *words):
    """Run a command of this chapter; return what it prints, and keep how many seconds it took."""
    began = time.perf_counter()
    screen = run(directory, "-m", f"beyond.privacy.{name}", *words)
    known = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
    known[name] = round(time.perf_counter() - began)
    SECONDS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    return screen


PARTS = {
    "wire": record_wire,
    "tls": record_tls,
    "read": record_read,
    "invert": record_invert,
    "defend": record_defend,
}


def main(arguments=None):
    """Run the command line described above."""
    record_parts("beyond.privacy.record", __doc__, FOLDER, PARTS, arguments)


if __name__ == "__main__":
    run_command(main, "beyond.privacy.record")
