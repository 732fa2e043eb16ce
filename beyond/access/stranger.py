"""What a stranger who reaches SuperLink can do, and what is left of that behind the proxy.

    make certificates
    python -m beyond.access.stranger --certificates certificates

Everything runs on loopback, with SuperNode authentication, and ends with the command. The stranger has what
anyone who can reach the port has: Flower's command line and the CA's certificate, but no key.
"""

import re
from argparse import Namespace
from pathlib import Path

import httpx
import tomli_w
from flwr.proto.runtime_pb2 import AcquireTaskRequest, PullTaskInputRequest
from flwr.supercore.constant import TaskType

from beyond.deployment.keys import make_key
from beyond.deployment.proxy import find_nginx, start_proxy
from beyond.deployment.runtime_api import runtime_client
from beyond.deployment.services import fresh_logs, start_superlink
from beyond.simulation.environment import forget_proxies
from beyond.simulation.private_flower import SUPERLINK, PrivateFlower
from support.certificates import server_certificates
from support.command_line import Options, RunError, parse_options, run_command
from support.listening import free_port

# What the stranger's ServerApp does on SuperLink's host, as SuperLink's user.
CODE = """
import getpass, os
from flwr.serverapp import ServerApp

app = ServerApp()

@app.main()
def main(grid, context):
    print(f"STRANGER runs code as {getpass.getuser()}, in a directory of {len(os.listdir())} entries")
"""
CLIENT = "from flwr.clientapp import ClientApp\n\napp = ClientApp()\n"


def write_app(folder):
    """Write the stranger's app to `folder` and return that."""
    folder.mkdir()
    Path(folder, "intruder.py").write_text(CODE, encoding="utf-8")
    Path(folder, "harmless.py").write_text(CLIENT, encoding="utf-8")
    Path(folder, "LICENSE").write_text("none\n", encoding="utf-8")
    components = {"serverapp": "intruder:app", "clientapp": "harmless:app"}
    app = {"publisher": "stranger", "fab-format-version": 1, "flwr-version-target": "1.41.0"}
    project = {"name": "intruder", "version": "1.0.0", "dependencies": ["flwr>=1.41.0"]}
    project |= {"description": "", "license": {"file": "LICENSE"}}
    content = {"project": project, "tool": {"flwr": {"app": {**app, "components": components}}}}
    Path(folder, "pyproject.toml").write_text(tomli_w.dumps(content), encoding="utf-8")
    return folder


def register_key(flower, address, root):
    """Let the stranger register a key of its own; return what it has."""
    _, public = make_key(flower.home / "keys", f"stranger_at_{address.replace(':', '_')}")
    flower.cli("supernode", "register", public, SUPERLINK)
    return "its node may come in: every run sends it the model, and counts its update"


def submit_run(flower, address, root):
    """Let the stranger submit a run; return what its code says, on SuperLink's host."""
    said = flower.cli("run", flower.home / "intruder", SUPERLINK, "--stream")
    return re.search(r"STRANGER (.*)", said)[1]


def take_task(flower, address, root):
    """Let the stranger ask for tasks until another run has one; return what it is given."""
    client = runtime_client(address, root.read_bytes())
    ask = AcquireTaskRequest(supported_task_types=[TaskType.SERVER_APP])
    client.AcquireTask(ask)  # raises what a refusal is
    while True:
        intruder = flower.start("flwr", "run", flower.home / "intruder", SUPERLINK, log="run.log")
        while not (answer := client.AcquireTask(ask)).token and intruder.poll() is None:
            pass
        if answer.token:  # else SuperExec, which asks once a second, was the first
            break
    taken = runtime_client(address, root.read_bytes(), token=answer.token)
    code = taken.PullTaskInput(PullTaskInputRequest()).fab.content
    return f"it is the ServerApp now, with its code ({len(code):,} bytes) and its token"


DEEDS = {
    "registers a key": register_key,
    "submits a run": submit_run,
    "takes a task": take_task,
}


def outcome(deed, *words):
    """Return what comes of a deed, or how it is refused."""
    try:
        return deed(*words)
    except RunError as error:
        return "403 Forbidden" if "/403" in str(error) else f"refused: {error}"
    except httpx.HTTPStatusError as error:
        return f"{error.response.status_code} {error.response.reason_phrase}"


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--certificates", metavar="DIR", required=True, help="SuperLink's")
    folder = parse_options(arguments, [options]).certificates
    server_certificates(folder)
    find_nginx()
    forget_proxies()
    address, outside = (f"127.0.0.1:{free_port()}" for _ in range(2))
    root = Path(folder).resolve() / "ca.pem"
    with PrivateFlower(fresh_logs("results/access")) as flower:
        start_superlink(flower, Namespace(address=address, certificates=folder, proxy=False))
        start_proxy(flower, outside, address, folder)
        write_app(flower.home / "intruder")
        for place, where in (("SuperLink's port", address), ("the proxy's port", outside)):
            flower.connect(where, root)
            print(f"A stranger at {place}")
            for what, deed in DEEDS.items():
                print(f"  {what:<22}{outcome(deed, flower, where, root)}", flush=True)


if __name__ == "__main__":
    run_command(main)
