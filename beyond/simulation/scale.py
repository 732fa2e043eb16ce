"""What a round costs with ten, a hundred and a thousand clients: processes of their own, and the simulation.

    python -m beyond.simulation.scale --out results/scale.csv --processes 10 30 100 --simulated 10 100 1000

One federation after the other, seed 0, on a machine that does nothing else. A thousand processes do not fit
on one machine: that is why there is a simulation.
"""

import hashlib
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.footprint import measure
from support.argument_types import positive_int
from support.command_line import Options, parse_options, run_command
from support.listening import free_port
from support.tables import columns_of, read_history, read_table, write_table

COMMANDS = {"processes": ["federation.py"], "simulation": ["-m", "beyond.simulation.federation"]}


@dataclass(frozen=True)
class Scale:
    """One federation, and what it took."""

    engine: str  # a key of COMMANDS
    clients: int
    rounds: int
    local_epochs: int
    seconds: float  # for all of it, from start to end
    seconds_a_round: float  # the median, without the first, which waits for clients
    peak_gigabytes: float  # PSS of all processes together
    processes: int  # at the most
    accuracy: float
    model: str  # SHA-256 of global_model.npz


def measured(engine, clients, rounds, local_epochs, directory):
    """Run a federation in `directory`, where partitions and results/ go; return its Scale."""
    name = f"{engine}_{clients}_{local_epochs}"
    options = {"clients": clients, "rounds": rounds, "local-epochs": local_epochs}
    options["run"] = run = Path("results", name)
    if engine == "processes":
        options["address"] = f"127.0.0.1:{free_port()}"
    words = [f"--{option}={value}" for option, value in options.items()]
    command = [sys.executable, *COMMANDS[engine], *words]
    found = measure(command, directory, Path(directory, f"{name}.txt"))
    history = read_history(Path(directory, run))
    model = Path(directory, run, "global_model.npz").read_bytes()
    seconds = statistics.median(row.seconds for row in history[2:])
    took = (round(found.seconds, 1), round(seconds, 2), round(found.peak_bytes / 1e9, 2))
    outcome = (found.processes, history[-1].accuracy, hashlib.sha256(model).hexdigest())
    return Scale(engine, clients, rounds, local_epochs, *took, *outcome)


def rounds_for(clients):
    """Return how many rounds tell what one costs."""
    return 10 if clients <= 10 else 3


def read_scales(path):
    """Return the list of Scale that the file `path` holds."""
    return [Scale(**row) for row in read_table(path, columns_of(Scale))]


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--out", default="results/scale.csv", help="the table")
    add("--processes", type=positive_int, nargs="*", default=[10, 30, 100], help="how many clients")
    add("--simulated", type=positive_int, nargs="*", default=[10, 30, 100, 1000], help="likewise")
    args = parse_options(arguments, [options])
    wanted = [("processes", clients) for clients in args.processes]
    wanted += [("simulation", clients) for clients in args.simulated]
    scales = []
    for engine, clients in wanted:
        scales.append(measured(engine, clients, rounds_for(clients), 1, Path.cwd()))
        write_table(args.out, columns_of(Scale), map(asdict, scales))
        print(scales[-1], flush=True)


if __name__ == "__main__":
    run_command(main)
