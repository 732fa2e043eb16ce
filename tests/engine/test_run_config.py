"""The run config has the lesson's names, defaults and checks, and says all that options do."""

import inspect
import tomllib
from importlib import import_module

import numpy as np
import pytest

from beyond.engine.chapters import CHAPTERS, Chapter
from beyond.engine.run_config import as_run_config, chapter_in, parse_run_config, run_parents
from beyond.simulation.app_run import write_run_config
from model import make_model
from support.command_line import UserError, parse_options
from support.options import run_server_options
from support.typed_words import option_names
from tests.simulation.app_runs import CONFIG
from tests.support.every_kind import TYPED, toy_options


def test_the_app_has_the_lessons_options_and_defaults():
    lesson, ours = vars(parse_options([], run_server_options())), vars(parse_run_config(CONFIG))
    names = set(option_names(run_server_options())) - {"parallel_clients"}
    assert {name.replace("_", "-") for name in names} < CONFIG.keys()
    assert {name: ours[name] for name in names} == {name: lesson[name] for name in names}
    assert ours["parallel_clients"] == ours["clients"]  # for nodes, which have their own cores


def run_options(words):
    """Return the options of a run in `words`, with those of the chapter that they choose."""
    return parse_options(words, run_parents(chapter_in(words)))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--clients 3 --rounds 7 --seed 5 --resume --min-clients 1",
        "--run=-dashing --patience 5 --round-timeout 0.5 --parallel-clients 1",
        "--chapter heterogeneity --strategy FedProx --proximal-mu 0.01",
        "--chapter heterogeneity --client-evaluation --fraction-fit 0.5",
        "--chapter privacy --clip 0.5 --target-epsilon 8 --noise-seed 0",
    ],
)
def test_options_reach_the_serverapp_as_they_were_typed(words):
    words = words.split()
    typed = run_options(words)
    config = as_run_config(typed)
    assert config.keys() == CONFIG.keys()
    assert parse_run_config(config) == typed


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=CHAPTERS)
def test_a_chapter_has_the_client_and_the_strategy_that_its_own_commands_have(chapter):
    def default(module, name):
        return inspect.signature(import_module(module).main).parameters[name].default

    images = np.zeros((2, 28, 28), np.uint8)
    made = chapter.make_client(0, make_model(), images, np.arange(2))
    assert type(made) is default(chapter.client, "make_client")
    assert default(chapter.server, "make_strategy").__module__ == chapter.server


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_a_chapters_options_of_every_kind_reach_the_serverapp(words, monkeypatch, tmp_path):
    toy = Chapter("server", "client", "FlowerClient", (toy_options,))
    monkeypatch.setitem(CHAPTERS, "toy", toy)
    typed = run_options(["--chapter", "toy", "--rounds", "3", *words])
    file = write_run_config(tmp_path, typed, parallel_clients=7)
    got = parse_run_config(tomllib.loads(file.read_text(encoding="utf-8")))
    assert vars(got) == {**vars(typed), "parallel_clients": 7}


@pytest.mark.parametrize(
    "changes",
    [
        {"rounds": 0},
        {"rounds": "many"},
        {"nonsense": 1},
        {"chapter": "nonsense"},
        {"chapter-options": "--strategy FedProx"},
        {"chapter": "privacy"},
        {"chapter": "privacy", "chapter-options": "--clip 1 --noise-multiplier -1"},
        {"chapter": "heterogeneity", "chapter-options": "--clip 1"},
    ],
    ids=str,
)
def test_a_run_config_that_is_none_gets_one_line(capsys, changes):
    with pytest.raises(UserError, match="the run config is not one of this app's"):
        parse_run_config(CONFIG | changes)
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1


def test_options_that_do_not_go_together_are_refused_here_too():
    with pytest.raises(UserError, match="--min-clients 11 is more than --clients 10"):
        parse_run_config(CONFIG | {"min-clients": 11})
    changes = {"chapter": "heterogeneity", "chapter-options": "--strategy FedAdam", "resume": True}
    with pytest.raises(UserError, match="that memory is not on disk"):
        parse_run_config(CONFIG | changes)
