"""What nginx passes on, with the configuration that readers copy: nothing disguised, large or slow."""

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from beyond.deployment.proxy import start_proxy
from beyond.simulation.private_flower import PrivateFlower
from model import get_weights, make_model
from tests.support.certificates import make_certificates
from tests.support.harness import PATIENCE
from tests.support.nginx import needs_nginx
from tests.support.ports import free_address

pytestmark = needs_nginx
PUSH = "/v1/fleet/push-object"


@contextlib.contextmanager
def upstream(certificates):
    """Yield the address of an HTTPS server in the place of SuperLink, and the paths that reach it."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # a name that http.server gives
            paths.append(self.path)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, *arguments):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", paths
        finally:
            server.shutdown()


@contextlib.contextmanager
def proxied(directory, impostor=False):
    """Yield (connect, paths, nginx): connect(source) opens a connection to nginx; `paths` reached SuperLink.

    The certificates lie where nginx's own language has words: a space, a $, a quote. An `impostor` is in the
    place of SuperLink, whose certificate another CA has signed.
    """
    certificates = make_certificates(directory / 'my "certificates" for $host;')
    trust = ssl.create_default_context(cafile=certificates / "ca.pem")
    theirs = make_certificates(directory / "theirs") if impostor else certificates
    with PrivateFlower(directory) as flower, upstream(theirs) as (address, paths):
        listen = free_address()
        nginx = start_proxy(flower, listen, address, certificates)
        host, port = listen.split(":")

        def connect(source="127.0.0.1"):
            plain = socket.create_connection((host, int(port)), PATIENCE, (source, 0))
            return trust.wrap_socket(plain, server_hostname=host)

        yield connect, paths, nginx


def test_nothing_is_passed_on_to_who_is_not_our_superlink(tmp_path):
    with proxied(tmp_path, impostor=True) as (connect, paths, _), connect() as connection:
        begin(connection, "POST", PUSH)
        assert status(connection) == 502 and paths == []


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """Yield connect and paths of a proxy."""
    with proxied(tmp_path_factory.mktemp("proxy")) as (*connect_and_paths, _):
        yield connect_and_paths


def begin(connection, method, path, length=0):
    """Send a request but its body, of `length` bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
    connection.sendall(f"{head}Connection: close\r\n\r\n".encode())


def status(connection):
    """Return the status of the answer."""
    return int(connection.recv(1000).split()[1])


@pytest.fixture
def ask(proxy):
    """ask(method, path, body) sends a request as it stands; returns status and what came through."""
    connect, paths = proxy

    def send(method, path, body=b""):
        paths.clear()
        with connect() as connection:
            begin(connection, method, path, len(body))
            with contextlib.suppress(OSError):  # nginx need not take a body that it refuses
                connection.sendall(body)
            return status(connection), *paths

    return send


def test_what_nodes_ask_for_is_passed_on(ask):
    assert ask("POST", "/v1/fleet/pull-messages") == (200, "/v1/fleet/pull-messages")


OTHERS = """
    /  /health  /docs  /v1/fleet  /v1/control/register-node  /v1/runtime/acquire-task
    /v1/fleet/../control/register-node  /v1/fleet/%2e%2e/control/register-node
    /v1/fleet/..%2fcontrol/register-node  /v1/fleet/.//..//control/register-node
    //v1/control/register-node  /V1/FLEET/pull-messages
    /v1/control/register-node#/../../fleet/  /v1/control/register-node?/../../fleet/
"""


@pytest.mark.parametrize("path", OTHERS.split())
def test_nothing_else_is(ask, path):
    answer, *reached = ask("POST", path)
    assert answer in (301, 400, 403)
    assert reached == []


@pytest.mark.parametrize("path", ["/v1/control/../fleet/get-run", "/v1%2ffleet/get-run"])
def test_what_is_the_fleet_api_in_disguise_arrives_undisguised(ask, path):
    assert ask("POST", path) == (200, "/v1/fleet/get-run")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nodes_post_and_do_nothing_else(ask, method):
    assert ask(method, "/v1/fleet/get-run") == (403,)


def test_an_update_is_passed_on_with_masks_and_without(ask):
    """A mask makes eight bytes of the four of a weight."""
    plain = sum(array.nbytes for array in get_weights(make_model()))
    for size in (plain, 2 * plain):
        assert ask("POST", PUSH, bytes(size + 2000)) == (200, PUSH)


@pytest.mark.parametrize(
    ("path", "most"), [(PUSH, 1024 * 1024), ("/v1/fleet/push-messages", 32 * 1024)]
)
def test_what_is_larger_never_reaches_superlink(ask, path, most):
    assert ask("POST", path, bytes(most)) == (200, path)
    assert ask("POST", path, bytes(most + 1)) == (413,)


def test_a_body_reaches_superlink_when_it_is_whole(proxy, ask):
    connect, paths = proxy
    with connect() as slow:
        begin(slow, "POST", PUSH, 1_000_000)
        slow.sendall(bytes(999_999))
        for _ in range(3):  # who comes later is not held up
            assert ask("POST", "/v1/fleet/get-run") == (200, "/v1/fleet/get-run")
        paths.clear()
        slow.sendall(bytes(1))
        assert (status(slow), *paths) == (200, PUSH)


def test_one_address_has_so_many_requests_at_a_time_and_others_have_theirs(proxy, ask):
    connect, _ = proxy
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            begin(stack.enter_context(connect("127.0.0.2")), "POST", PUSH, 10)
        last = stack.enter_context(connect("127.0.0.2"))
        begin(last, "POST", PUSH, 10)
        assert status(last) == 503
        assert ask("POST", PUSH, bytes(10)) == (200, PUSH)


@pytest.mark.thorough
def test_who_sends_nothing_for_ten_seconds_is_sent_away(proxy):
    connect, paths = proxy
    with connect() as silent, connect() as slow:
        paths.clear()
        silent.sendall(b"POST ")
        begin(slow, "POST", PUSH, 10)
        assert silent.recv(1000) == b""
        assert slow.recv(1000) == b""
    assert paths == []


def test_nothing_of_it_is_left_when_it_is_killed(tmp_path):
    with proxied(tmp_path) as (connect, _, nginx):
        connect().close()  # it is all there
        nginx.kill()
        nginx.wait()
        with pytest.raises(ConnectionRefusedError):
            connect()
