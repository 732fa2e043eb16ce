"""Which ports are open while a command runs, and what Ray says there to those who do not know its token."""

import ipaddress
from contextlib import suppress

import grpc
import httpx
import psutil

# One method of each kind of server that Ray starts: three of them read, and PushTask runs code, if it is let.
METHODS = (
    "/ray.rpc.InternalKVGcsService/InternalKVKeys",
    "/ray.rpc.NodeManagerService/GetSystemConfig",
    "/ray.rpc.ObjectManagerService/Pull",
    "/ray.rpc.CoreWorkerService/PushTask",
)
OVER_HTTP = "/get_runtime_envs_info"  # Ray's agent, which makes processes for whoever asks


def open_ports(processes):
    """Return {(host, port): process} of all ports on which `processes` listen."""
    found = {}
    for process in processes:
        with suppress(psutil.Error):
            for one in process.net_connections("inet"):
                if one.status == psutil.CONN_LISTEN:
                    found[one.laddr] = process
    return found


def is_loopback(host):
    """Return whether who listens on the address `host` hears this machine only."""
    address = ipaddress.ip_address(host)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def assert_only_loopback(ports):
    """Check that there are ports, and that none of these is open to another machine."""
    assert ports
    reached = {where: process for where, process in ports.items() if not is_loopback(where[0])}
    assert not reached, reached


def answers(port, token=None):
    """Return what a port of Ray's says to a question of each kind: names of gRPC's statuses, or [HTTP's]."""
    headers = (("authorization", f"Bearer {token}"),) if token else ()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        said = [_answer(channel, method, headers) for method in METHODS]
    if set(said) != {"UNAVAILABLE"}:
        return said
    url = f"http://127.0.0.1:{port}{OVER_HTTP}"
    return [httpx.post(url, headers=dict(headers), trust_env=False).status_code]


def _answer(channel, method, headers):
    try:
        channel.unary_unary(method)(b"", timeout=20, metadata=headers)
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def is_refused(said):
    """Return whether `answers` show that a port knows what it was asked, and does not do it."""
    return said == [httpx.codes.UNAUTHORIZED] or (
        "UNAUTHENTICATED" in said and set(said) <= {"UNAUTHENTICATED", "UNIMPLEMENTED"}
    )
