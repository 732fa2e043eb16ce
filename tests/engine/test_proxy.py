"""What nginx passes on, with the configuration that a reader copies: /v1/fleet/ and nothing disguised."""

import contextlib
import os
import shutil
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from beyond.engine.private_flower import PrivateFlower
from beyond.engine.proxy import start_proxy
from tests.support.certificates import make_certificates
from tests.support.ports import free_address

pytestmark = pytest.mark.skipif(
    not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), reason="nginx is missing"
)


@contextlib.contextmanager
def upstream(certificates):
    """Yield the address of an HTTPS server in the place of SuperLink, and the paths that reach it."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # a name that http.server gives
            self.rfile.read(int(self.headers.get("content-length", 0)))
            paths.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}", paths
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """ask(method, path) sends it as it stands; returns the status, and the path that reached SuperLink."""
    directory = tmp_path_factory.mktemp("proxy")
    certificates = make_certificates(directory / "certificates")
    trust = ssl.create_default_context(cafile=certificates / "ca.pem")
    with PrivateFlower(directory) as flower, upstream(certificates) as (address, paths):
        listen = free_address()
        start_proxy(flower, listen, address, certificates)

        def ask(method, path):
            paths.clear()
            host, port = listen.split(":")
            plain = socket.create_connection((host, int(port)))
            with trust.wrap_socket(plain, server_hostname=host) as connection:
                head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
                status = int(connection.recv(1000).split()[1])
            return status, *paths

        yield ask


def test_what_nodes_ask_for_is_passed_on(ask):
    assert ask("POST", "/v1/fleet/pull-messages") == (200, "/v1/fleet/pull-messages")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/health",
        "/docs",
        "/v1/fleet",
        "/v1/control/register-node",
        "/v1/runtime/acquire-task",
        "/v1/fleet/../control/register-node",
        "/v1/fleet/%2e%2e/control/register-node",
        "/v1/fleet/..%2fcontrol/register-node",
        "/v1/fleet/.//..//control/register-node",
        "//v1/control/register-node",
        "/V1/FLEET/pull-messages",
        "/v1/control/register-node#/../../fleet/",
        "/v1/control/register-node?/../../fleet/",
    ],
)
def test_nothing_else_is(ask, path):
    status, *reached = ask("POST", path)
    assert status in (301, 400, 403)
    assert reached == []


@pytest.mark.parametrize("path", ["/v1/control/../fleet/get-run", "/v1%2ffleet/get-run"])
def test_what_is_the_fleet_api_in_disguise_arrives_undisguised(ask, path):
    assert ask("POST", path) == (200, "/v1/fleet/get-run")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nodes_post_and_do_nothing_else(ask, method):
    assert ask(method, "/v1/fleet/get-run") == (403,)
