"""A simulation that is held in the middle of a round, and what a stranger on its machine finds meanwhile."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil

from tests.support.open_ports import answers, open_ports

ACTOR, SUPERLINK = "ray::ClientAppA", "flower-superlin"  # as far as the system keeps names
OTHERS = 0o077  # the rights of everybody else


def actors_of(place, count):
    """Return the processes of `place` that take turns at being a client, if there are so many."""
    if sum(map(_is_actor, psutil.process_iter())) < count:
        return None
    found = list(filter(_is_actor, place.processes()))
    return found if len(found) == count else None


def _is_actor(process):
    try:
        return process.name().startswith(ACTOR)
    except psutil.Error:
        return False


def look_around(place, actors):
    """Return what there is to see in `place`. No round ends meanwhile: it needs all actors."""
    token = actors[0].environ()["RAY_AUTH_TOKEN"]
    with stopped(actors[0]):
        processes = place.processes()
        ports = open_ports(processes)
        rays = {where.port: one for where, one in ports.items() if one.name() != SUPERLINK}
        said = {port: both(port, token) for port, one in rays.items() if one != actors[0]}
        command_lines = [" ".join(one.cmdline()) for one in processes]
        environments = [Path(f"/proc/{one.pid}/environ") for one in processes]
        are_open = [bool(file.stat().st_mode & OTHERS) for file in environments]
        with stopped(actors[1]):
            actors[0].resume()
            said |= {port: both(port, token) for port, one in rays.items() if one == actors[0]}
    return SimpleNamespace(
        token=token,
        ports=ports,
        names={one.name() for one in rays.values()},
        answers=said,
        command_lines=command_lines,
        open_environments=are_open,
    )


def both(port, token):
    """Return what Ray answers to who does not know the token, and to who does."""
    return answers(port), answers(port, token)


@contextmanager
def stopped(process):
    """Hold a process during the block."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()
