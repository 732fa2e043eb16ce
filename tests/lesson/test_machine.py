"""How many cores there are for us: fewer than the machine has, where a container says so."""

from support import machine

import os

import pytest

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("max 100000\n", CORES),
        ("100000 100000\n", 1),
        ("10000 100000\n", 1),  # a tenth of a core is a core that is slow
        (f"{100_000 * CORES + 1} 100000\n", CORES),
        ("nonsense\n", CORES),
        (None, CORES),
    ],
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, content, expected):
    file = tmp_path / "cpu.max"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(machine, "CPU_MAX", file)
    assert machine.available_cores() == expected
