"""A file is written whole or not at all, whatever stops the writing."""

from support.files import replaced_file

import pytest

from tests.support.harness import snapshot


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, OSError, ValueError])
@pytest.mark.parametrize("earlier", [True, False], ids=["over an earlier file", "the first time"])
def test_whoever_is_stopped_leaves_no_half_file_and_no_temporary_one(tmp_path, end, earlier):
    if earlier:
        (tmp_path / "model.npz").write_text("an earlier one")
    before = snapshot(tmp_path)
    with pytest.raises(end), replaced_file(tmp_path / "model.npz") as file:
        file.write(b"half of")
        raise end
    assert snapshot(tmp_path) == before


def test_a_reader_meets_the_old_content_until_all_of_the_new_is_there(tmp_path):
    path = tmp_path / "model.npz"
    path.write_text("old")
    with replaced_file(path) as file:
        file.write(b"ne")
        file.flush()
        assert path.read_text() == "old"
        file.write(b"w")
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.npz"]
