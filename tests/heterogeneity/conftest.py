"""What this chapter's tests share: the fixtures of all tests, with the chapter's server and clients."""

from functools import partial
from itertools import count

import pytest

from beyond.heterogeneity import server
from tests.heterogeneity.commands import CLIENT, SERVER
from tests.support import shared


@pytest.fixture
def federate(stage, workspace, tmp_path):
    """federate(*words) runs the shared federation with this chapter's programs; returns its directory."""
    numbers = count()
    return lambda *words: shared.run_quickly(
        stage, workspace, tmp_path / f"run{next(numbers)}", *words, programs=(SERVER, CLIENT)
    )


@pytest.fixture
def aggregate(aggregate):
    """aggregate(clients, ...) runs this chapter's server for handmade clients; see run_server."""
    return partial(aggregate, main=server.main)


@pytest.fixture(scope="session")
def lesson_run(shared_stage, workspace):
    """The directory of the shared federation by the lesson's programs."""
    return shared.run_quickly(shared_stage, workspace, "results/lesson")
