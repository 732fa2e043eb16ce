"""What becomes of a deployment when one of its processes is killed: drills with real kill -9.

    python -m beyond.deployment.kill_drills node         # a SuperNode, in the middle of a round
    python -m beyond.deployment.kill_drills clientapp    # a ClientApp, while it trains
    python -m beyond.deployment.kill_drills superexec    # the nodes' SuperExec, which is started again
    python -m beyond.deployment.kill_drills superlink    # SuperLink, started again with its --database
    python -m beyond.deployment.kill_drills serverapp    # the ServerApp; a new run goes on with resume=true

It prints every round with its seconds. Everything runs on loopback and ends with the command.
"""

import time

from beyond.deployment.drill import Drill
from beyond.deployment.federation import check_deployment
from beyond.deployment.services import fresh_logs
from beyond.engine.run_config import run_parents
from beyond.simulation.federation import make_partitions
from beyond.simulation.private_flower import PrivateFlower
from support.argument_types import address
from support.command_line import Options, parse_options, run_command
from support.options import partition_options

STRUCK_AFTER = 2  # the round that is finished when something is killed


def kill_node(drill):
    """Kill the last SuperNode."""
    drill.last_node.kill()
    print(f"-- SuperNode {drill.args.clients - 1} is killed", flush=True)


def kill_client_app(drill):
    """Kill the process in which a client trains, as the system does when the memory is full."""
    drill.client_app().kill()
    print("-- a ClientApp is killed", flush=True)


def kill_superexec(drill):
    """Kill the SuperExec and start it again, as systemd does."""
    drill.client_app()  # there is one at work
    drill.superexec.kill()
    drill.superexec.wait()
    print("-- the SuperExec is killed", flush=True)
    drill.start_superexec()
    print("-- the SuperExec is started again", flush=True)


def kill_superlink(drill):
    """Kill SuperLink and start it again."""
    drill.superlink.kill()
    drill.superlink.wait()
    print("-- SuperLink is killed", flush=True)
    began = time.monotonic()
    drill.start_superlink()
    print(
        f"-- SuperLink answers again, {time.monotonic() - began:.0f} s later, with its database",
        flush=True,
    )


def kill_server_app(drill):
    """Kill the ServerApp and submit the run again."""
    process = drill.server_app()
    process.kill()
    print("-- the ServerApp is killed", flush=True)
    drill.submit(resume=True)
    print("-- the run is submitted again, with resume=true", flush=True)


DRILLS = {
    "node": kill_node,
    "clientapp": kill_client_app,
    "superexec": kill_superexec,
    "superlink": kill_superlink,
    "serverapp": kill_server_app,
}


def parse_drill(arguments, *more):
    """Return the options of a command that kills something; `more` are further parents."""
    options = Options()
    options.add_argument("--address", type=address, default="127.0.0.1:8000", help="SuperLink's")
    parents = [*run_parents("lesson"), partition_options(), options, *more]
    plain = {"run": "results/drill", "certificates": None, "proxy": False, "stock": False}
    return parse_options(arguments, parents, **plain)


def run(args, kill, message=1, **variant):
    """Deal the images out, deploy, `kill(drill)` in the middle of a round, and print all rounds.

    It is killed when the last node is sent its `message` of that round, counted from 1. `variant` is what
    unpack_app changes in the app.
    """
    check_deployment(args)
    make_partitions(args)
    logs = fresh_logs(args.run)
    with PrivateFlower(logs) as flower:
        drill = Drill(flower, args, variant)
        drill.submit()
        drill.tell_rounds(STRUCK_AFTER)
        drill.wait_for_message(message)
        kill(drill)
        drill.tell_rounds(args.rounds)


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("what", choices=DRILLS, help="what is killed")
    args = parse_drill(arguments, options)
    run(args, DRILLS[args.what])


if __name__ == "__main__":
    run_command(main)
