"""federation.py on Flower's production engine: SuperLink, a SuperNode for every client, `flwr run`.

    python -m beyond.deployment.federation                  # as python federation.py, on SuperNodes
    python -m beyond.deployment.federation --stock          # as Flower comes: a new Python for every message
    make certificates                                   # and then TLS, and only nodes with a registered key:
    python -m beyond.deployment.federation --certificates certificates
    python -m beyond.deployment.federation --certificates certificates --proxy   # SuperLink behind nginx

All of it on this machine. Logs go to logs/ in the directory of the run; no process outlives the command.
"""

import plot_accuracy
from beyond.deployment.proxy import find_nginx
from beyond.deployment.services import fresh_logs, start_node, start_superexec, start_superlink
from beyond.deployment.watched_services import watched_services
from beyond.engine.bundle import unpack_app
from beyond.engine.run_config import chapter_in, run_parents
from beyond.simulation.app_run import run_app
from beyond.simulation.federation import make_partitions
from beyond.simulation.private_flower import PrivateFlower
from federation import advice_to_resume
from support.argument_types import address, host_and_port
from support.certificates import server_certificates
from support.command_line import Options, UserError, parse_options, run_command
from support.listening import check_listening, check_port_is_free, is_loopback
from support.options import partition_options
from support.partitions import PARTITIONS


def deployment_options():
    """Return the options that say what is started, and who may come in."""
    parser = Options(check_deployment)
    add = parser.add_argument
    add("--address", type=address, default="127.0.0.1:8000", help="HOST:PORT where nodes come in")
    add(
        "--certificates", metavar="DIR", help="TLS and SuperNode authentication (make certificates)"
    )
    add("--proxy", action="store_true", help="nginx at --address, passing on what nodes ask for")
    add("--stock", action="store_true", help="without our SuperExec")
    return parser


def check_deployment(args):
    """Raise UserError for what could not be started, before anything is."""
    server_certificates(args.certificates)
    check_listening(args.address, args.certificates, insecure=False)
    host, _ = host_and_port(args.address)
    if args.proxy:
        if args.certificates is None:
            raise UserError("--proxy is of use with TLS only; give it --certificates DIR")
        find_nginx()
    elif not is_loopback(host):
        raise UserError(
            f"anyone who reaches a SuperLink can run code on its nodes, and {args.address} is open to other "
            "machines; use --proxy"
        )
    elif host not in ("127.0.0.1", "localhost"):
        raise UserError(f"SuperLink listens on 127.0.0.1, not on {args.address}; change --address")
    check_port_is_free(args.address)


def check_partitions(args):
    """Raise UserError for a node that would have no data."""
    for number in range(args.clients):
        if not (file := PARTITIONS / f"client_{number}.npz").exists():
            raise UserError(f"node {number} would have no data: there is no {file}")


def deploy(args, **variant):
    """Run all rounds with a node for each partition; leave no process behind.

    `variant` is what unpack_app changes in the app.
    """
    logs = fresh_logs(args.run)
    with advice_to_resume(args.run), PrivateFlower(logs) as flower:
        reach = start_superlink(flower, args)
        addresses = [start_node(flower, number, reach, args) for number in range(args.clients)]
        if not args.stock:
            start_superexec(flower, addresses, args)
        app = unpack_app(flower.home / "app", **variant)
        with watched_services(flower):
            # Clients take turns in the SuperExec; the run need not make them.
            run_app(flower, app, args, parallel_clients=None)


def parse(arguments=None):
    """Return the options; those of a chapter are known once --chapter has said which."""
    parents = [*run_parents(chapter_in(arguments)), partition_options(), deployment_options()]
    return parse_options(arguments, parents)


def run(args, **variant):
    """Deal the images out, deploy and plot; the app is changed as `variant` says. Raises UserError."""
    make_partitions(args)
    check_partitions(args)
    deploy(args, **variant)
    plot_accuracy.main(["--", args.run])


def main(arguments=None):
    """Run the command line described above."""
    run(parse(arguments))


if __name__ == "__main__":
    run_command(main)
