"""What this machine has."""

import math
import os
from pathlib import Path

# What a container may take: "QUOTA PERIOD" in microseconds, or "max PERIOD".
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def available_cores():
    """Return how many cores this process may use: a container may have fewer than the machine."""
    has_mask = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_mask else os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def _quota():
    """Return how many cores' time the container is given, rounded up; infinity if nothing says so."""
    try:
        quota, period = CPU_MAX.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return math.inf
