"""nginx in front of SuperLink: beyond/access/deploy/flower-fleet.conf with our own ports and certificates."""

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

from support.argument_types import host_and_port
from support.command_line import ROOT, RunError, UserError

CONFIGURATION = ROOT / "beyond/access/deploy/flower-fleet.conf"
CERTIFICATES = ("ca.pem", "server.pem", "server.key")
# All paths are relative to our home: nginx would read a space or a $ in one as something else.
# One process: workers whose master is killed would go on, and nothing about them would say whose they are.
SURROUNDINGS = """daemon off;
master_process off;
{user}pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include flower-fleet.conf;
}}
"""


def find_nginx():
    """Return the path of nginx. Raises UserError if there is none, or none that we can start as we do."""
    if not hasattr(os, "getuid"):
        raise UserError(
            "nginx, as it is used here, is not for Windows; take Linux, or leave --proxy out"
        )
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    if nginx := shutil.which("nginx", path=places):
        return nginx
    raise UserError("nginx is missing; apt-get install nginx-light, or leave --proxy out")


def fleet_configuration(listen, superlink):
    """Return the text of CONFIGURATION for an nginx at `listen` in front of the SuperLink at `superlink`.

    It looks for the certificates in its own directory.
    """
    text = CONFIGURATION.read_text(encoding="utf-8")
    changes = {
        "listen 9443": f"listen {listen}",
        "server 127.0.0.1:8000": f"server {superlink}",
        "/etc/flower/": "",
    }
    for standing, ours in changes.items():
        if standing not in text:
            raise RunError(f"{CONFIGURATION} has no {standing!r} any more")
        text = text.replace(standing, ours)
    return text


def prepare_proxy(flower, listen, superlink, certificates):
    """Write nginx's files to the home of `flower`, a PrivateFlower; return the command that starts it.

    Raises UserError if nginx is missing.
    """
    nginx, home = find_nginx(), flower.home / "nginx"
    home.mkdir()
    for name in CERTIFICATES:
        Path(home, name).symlink_to(Path(certificates, name).resolve())
    Path(home, "flower-fleet.conf").write_text(
        fleet_configuration(listen, superlink), encoding="utf-8"
    )
    user = "user root;\n" if os.getuid() == 0 else ""  # else a worker may not enter our directory
    Path(home, "nginx.conf").write_text(SURROUNDINGS.format(user=user), encoding="utf-8")
    return [nginx, "-p", home, "-e", "stderr", "-c", home / "nginx.conf"]


def start_proxy(flower, listen, superlink, certificates):
    """Start nginx among the processes of `flower`; return it when it listens.

    Raises UserError if nginx is missing, RunError if it does not start.
    """
    words = prepare_proxy(flower, listen, superlink, certificates)
    process = flower.start(*words, log="nginx.log")
    while not _is_listening(listen):
        if process.poll() is not None:
            raise RunError(f"nginx did not start; {flower.logs / 'nginx.log'} says why")
        time.sleep(0.05)
    return process


def _is_listening(address):
    with suppress(OSError), socket.create_connection(host_and_port(address)):
        return True
    return False
