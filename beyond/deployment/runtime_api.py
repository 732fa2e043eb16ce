"""A client for the API by which tasks are handed out. It is internal to Flower, and may change."""

from flwr.supercore.interceptors import (
    RuntimeTokenHttpInterceptor,
    RuntimeVersionHttpInterceptor,
    SuperExecAuthHttpInterceptor,
)
from flwr.supercore.runtime import RuntimeHttpClient

ACQUIRE = "/flwr.proto.Runtime/AcquireTask"


def runtime_client(address, root=None, secret=None, token=None):
    """Return a client for the Runtime API at `address`, which sends what it is asked for: TLS, secret, token.

    `root` is a CA's certificate, `secret` what SuperExec is known by, both as bytes; `token` is a task's.
    """
    interceptors = [RuntimeVersionHttpInterceptor(component_name="SuperExec")]
    if secret:
        interceptors.append(
            SuperExecAuthHttpInterceptor(master_secret=secret, protected_methods={ACQUIRE})
        )
    if token:
        interceptors.append(RuntimeTokenHttpInterceptor(token))
    return RuntimeHttpClient.from_server_address(address, root is None, root, interceptors)
