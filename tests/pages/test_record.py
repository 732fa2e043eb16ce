"""A recording is what its commands have printed, and nothing is kept of one that has failed."""

import json
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from pages import record
from pages.record import Recording
from support.command_line import ROOT, RunError, UserError

SPEAK = "python -c \"print('one'); print('Round two')\""
FAILS = f'{SPEAK[:-1]}; raise SystemExit(3)"'
IDENTIFIER = "0123abcd-0123-4567-89ab-0123456789ab"


def test_what_is_kept_of_a_screen_are_the_lines_that_were_asked_for(tmp_path):
    kept = tmp_path / "recorded"
    Recording((SPEAK, SPEAK, SPEAK), ("all", None, "again"), timed=True).make(tmp_path, kept)
    Recording((SPEAK,), ("rounds",), lines="Round").make(tmp_path, kept)
    screens = {file.stem: file.read_text(encoding="utf-8") for file in kept.glob("*.txt")}
    both = "one\nRound two\n"
    assert screens == {"all": both, "again": both, "rounds": "Round two\n"}
    seconds = json.loads((kept / "seconds.json").read_text(encoding="utf-8"))
    assert set(seconds) == {"all", "again"}


def test_a_command_that_fails_is_not_recorded(tmp_path):
    for commands in ((FAILS,), (FAILS, SPEAK), (SPEAK, FAILS)):
        recording = Recording(commands, (None, "screen")[-len(commands) :])
        with pytest.raises(RunError, match="ended with status 3"):
            recording.make(tmp_path, tmp_path / "recorded")
    assert not (tmp_path / "recorded").exists()


def test_a_command_may_be_expected_to_end_with_another_status(tmp_path):
    assert record.run(tmp_path, FAILS, status=3) == "one\nRound two\n"
    with pytest.raises(RunError, match="ended with status 0"):
        record.run(tmp_path, SPEAK, status=3)


def test_files_are_copied_from_where_the_commands_ran_and_identifiers_go(tmp_path):
    words = f"python -c \"print('id {IDENTIFIER}'); open('made', 'w').write('a file')\""
    recording = Recording((words,), ("screen",), files={"deep/kept": "made"})
    recording.make(tmp_path, tmp_path / "recorded")
    assert (tmp_path / "recorded/deep/kept").read_text(encoding="utf-8") == "a file"
    assert (tmp_path / "recorded/screen.txt").read_text(encoding="utf-8") == "id <message id>\n"


def test_only_a_recording_in_place_is_made_in_this_checkout(tmp_path, monkeypatch):
    where = 'python -c "import os; print(os.getcwd())"'
    known = {
        f"page/{name}": Recording((where,), (name,), in_place=name == "here")
        for name in ("here", "copy")
    }
    monkeypatch.setattr(record, "recordings", lambda: known)
    monkeypatch.setattr(record, "Page", lambda name: SimpleNamespace(recorded=tmp_path / name))
    monkeypatch.setattr(record, "working_copy", lambda: nullcontext(tmp_path))
    record.main(["page"])
    places = [(tmp_path / f"page/{name}.txt").read_text("utf-8") for name in ("here", "copy")]
    assert places == [f"{ROOT}\n", f"{tmp_path}\n"]


def test_every_address_is_a_free_port_of_its_own():
    first, second = (record.words_of("python x --address {address}") for _ in range(2))
    assert first[:-1] == second[:-1] and first[-1] != second[-1]
    assert first[-1].startswith("127.0.0.1:")


def test_a_name_stands_for_one_recording_or_for_all_of_a_page():
    known = record.recordings()
    some = next(name for name in known if name.startswith("wire/"))
    assert list(record.chosen([some])) == [some]
    assert list(record.chosen(["wire"])) == [name for name in known if name.startswith("wire/")]
    assert record.chosen([]) == {}
    for name in ("wir", "wire/nothing"):
        with pytest.raises(UserError, match=f"there is no recording {name};"):
            record.chosen([name])
