"""Who types an option of this chapter at a command of the lesson is told the command that has it."""

import re

import pytest

from tests.heterogeneity.commands import CLIENT
from tests.heterogeneity.test_bad_options import OWN
from tests.support.complaints import complaint, words_for
from tests.support.shared import run_at_once, run_quickly


def named_command(stage, directory, program, *words):
    """Return the command that `program` names in its complaint, as words for the stage."""
    line = complaint(stage.run(program, *words_for(program, *words), cwd=directory), program)
    command, option = re.search(r"; python (-m \S+) has (--\S+)$", line).groups()
    assert option == words[0].partition("=")[0]
    return tuple(command.split())


@pytest.mark.parametrize("option", OWN)
@pytest.mark.parametrize("program", ["server.py", "federation.py"])
def test_every_option_of_the_chapter_is_known_to_be_there(stage, place, program, option):
    command = named_command(stage, place, program, option)
    assert command == ("-m", f"beyond.heterogeneity.{program.removesuffix('.py')}")


def test_a_federation_that_is_told_its_command_runs_with_that(stage, workspace, tmp_path):
    command = named_command(stage, workspace, "federation.py", "--strategy=FedProx")
    words = [tmp_path / "run", "--strategy=FedProx"]
    finished = run_at_once(stage, workspace, *words, program=command)
    assert finished.status == 0, finished.output


def test_a_server_that_is_told_its_command_runs_with_that(stage, workspace, tmp_path):
    command = named_command(stage, workspace, "server.py", "--client-evaluation")
    programs = (command, CLIENT)
    words = ["--client-evaluation"]
    run = run_quickly(stage, workspace, tmp_path / "run", *words, programs=programs)
    assert (run / "client_accuracy.csv").exists()


def test_a_picture_of_the_partitions_is_drawn_by_the_command_that_is_named(stage, place):
    command = named_command(stage, place, "partition.py", "--plot", "who.png")
    finished = stage.run(*command, "--plot", "who.png", cwd=place)
    assert (finished.status, finished.stdout) == (0, "Wrote who.png\n")
    assert (place / "who.png").read_bytes().startswith(b"\x89PNG")
