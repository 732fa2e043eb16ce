"""flower-supernode on a host whose clock is wrong: python late_node.py SECONDS --superlink ..."""

import datetime
import sys

from flwr.supernode import node_auth_http_interceptor as interceptor
from flwr.supernode.cli import flower_supernode

wrong = datetime.timedelta(seconds=float(sys.argv.pop(1)))
right = interceptor.now
interceptor.now = lambda: right() + wrong
sys.exit(flower_supernode())
