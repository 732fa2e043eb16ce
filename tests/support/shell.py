"""What a shell may have set for other programs, and what is to reach none of Flower's."""

CLOSED = "127.0.0.1:1"  # nothing listens there

SHELL = {
    "ALL_PROXY": f"socks5://{CLOSED}",
    "https_proxy": f"http://{CLOSED}",
    "http_proxy": f"http://{CLOSED}",
    "FLWR_LOG_LEVEL": "ERROR",
    "FLWR_INTERNAL_GRPC_CONTROL_API": "1",
    "RAY_ADDRESS": "127.0.0.1:6379",
}
