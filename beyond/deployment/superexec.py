"""Run nodes' tasks in forks of a process that has PyTorch already, where flower-superexec starts a Python.

    python -m beyond.deployment.superexec --insecure --runtime-api-address 127.0.0.1:9100

The SuperNode at that address is started with --isolation process. One SuperExec can serve several of a host.
It uses Flower's internal modules more than anything else here does. With a version that is not in VERSIONS,
or where nothing can fork (Windows), it says so and starts flower-superexec instead, or ends (--no-fallback).

Libraries are imported before the fork. The app is not: a run brings its own code, and gets that.
"""

import contextlib
import importlib.metadata
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

from beyond.simulation.environment import forget_proxies
from support.argument_types import address, positive_int, positive_seconds
from support.certificates import read_root
from support.command_line import ROOT, Options, UserError, parse_options, run_command
from support.machine import available_cores

VERSIONS = (
    "1.41.0",
    "1.42.0",
)  # of Flower, whose internal modules tasks.py and runtime_api.py import
STOCK = "flower-superexec"
OURS = ("support", "beyond", "model", "client", "server")  # modules that an app brings, too
POLL = 0.2  # seconds between two questions for tasks, while there is room for one


def parse(arguments):
    """Return the options, those of flower-superexec by the same names. Raises UserError for a bad file."""
    options = Options()
    add = options.add_argument
    add(
        "--runtime-api-address",
        type=address,
        action="append",
        required=True,
        help="HOST:PORT of a SuperNode; may be given several times",
    )
    trust = options.add_mutually_exclusive_group(required=True)
    trust.add_argument("--insecure", action="store_true", help="without TLS, on this host")
    trust.add_argument("--root-certificates", metavar="FILE", help="the CA to trust there")
    add("--superexec-auth-secret-file", metavar="FILE", help="the secret that the SuperNode has")
    add(
        "--parallel-clients",
        type=positive_int,
        default=available_cores(),
        help="how many clients train at once",
    )
    add("--poll", type=positive_seconds, default=POLL, help="seconds between questions for tasks")
    add("--no-fallback", action="store_true", help=f"do not start {STOCK} instead")
    args = parse_options(arguments, [options])
    if args.root_certificates:
        read_root(args.root_certificates)
    if args.superexec_auth_secret_file:
        check_file(args.superexec_auth_secret_file)
    return args


def check_file(file):
    """Raise UserError if `file` cannot be read, or is empty."""
    try:
        if Path(file).read_bytes():
            return
        reason = "it is empty"
    except OSError as error:
        reason = error.strerror
    raise UserError(f"cannot read {file}: {reason}")


def can_run(args):
    """Return whether we can do this here, with Flower's version and by forks; if not, say so in one line.

    Raises UserError if there is nothing to fall back to.
    """
    version = importlib.metadata.version("flwr")
    if "fork" not in multiprocessing.get_all_start_methods():
        line, advice = "this SuperExec forks, which this system cannot", "use Linux"
    elif version not in VERSIONS:
        known = ", ".join(VERSIONS)
        line = f"Flower {version} is none that this SuperExec knows ({known})"
        advice = f"install flwr=={VERSIONS[-1]}"
    else:
        return True
    if args.no_fallback:
        raise UserError(f"{line}; leave --no-fallback out, and {STOCK} will run")
    if not find_stock():
        raise UserError(f"{line}, and {STOCK} is not here either; {advice}")
    print(f"{line}: {STOCK} runs instead, and imports everything for every task", flush=True)
    return False


def find_stock():
    """Return the path of flower-superexec, wherever this Python has been started from, or None."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return shutil.which(STOCK, path=os.pathsep.join(places))


def fall_back(args):
    """Run flower-superexec, one for every address, until they end; they end with us."""
    words = ["--parent-pid", str(os.getpid())]
    words += ["--insecure"] if args.insecure else ["--root-certificates", args.root_certificates]
    if secret := args.superexec_auth_secret_file:
        words += ["--superexec-auth-secret-file", secret]
    started = []
    with contextlib.ExitStack() as stack:
        for where in args.runtime_api_address:
            stock = subprocess.Popen([find_stock(), "--runtime-api-address", where, *words])
            started.append(stock)
            stack.callback(stock.wait)
            stack.callback(stock.terminate)
        for stock in started:
            stock.wait()


def main(arguments=None):
    """Run the command line described above."""
    args = parse(arguments)
    forget_proxies()
    if not can_run(args):
        return fall_back(args)
    from beyond.deployment.tasks import TaskServer

    server = TaskServer(args)
    forget_repository()
    print(f"SuperExec is ready for {len(args.runtime_api_address)} SuperNodes", flush=True)
    return server.serve()


def forget_repository():
    """Forget this repository's modules, so that a task imports those of its run's bundle."""
    for name in list(sys.modules):
        if name.split(".")[0] in OURS:
            del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]


if __name__ == "__main__":
    run_command(main)
