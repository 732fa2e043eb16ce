"""Whether nginx is here, for tests of what it passes on."""

import os
import shutil

import pytest

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
needs_nginx = pytest.mark.skipif(not NGINX, reason="nginx is missing")
