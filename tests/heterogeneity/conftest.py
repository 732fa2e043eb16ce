"""What this chapter's tests share: the fixtures of all tests, with the chapter's server and clients."""

from functools import partial

import pytest

from beyond.heterogeneity import server
from tests.heterogeneity.commands import CLIENT, SERVER
from tests.support import shared


@pytest.fixture
def federate(stage, workspace, tmp_path):
    """federate(*words) runs the shared federation with this chapter's programs; returns its directory."""
    programs = {"programs": (SERVER, CLIENT)}
    return partial(shared.run_quickly, stage, workspace, tmp_path / "run", **programs)


@pytest.fixture
def aggregate(aggregate):
    """aggregate(clients, ...) runs this chapter's server for handmade clients; see run_server."""
    return partial(aggregate, main=server.main)


@pytest.fixture(scope="session")
def lesson_run(shared_stage, workspace):
    """The directory of the shared federation by the lesson's programs."""
    return shared.run_quickly(shared_stage, workspace, "results/lesson")
