"""Archives of MNIST that are damaged or gone, where they cannot be downloaded again."""

import shutil

import pytest

from tests.support.bad_values import DAMAGES
from tests.support.complaints import complaint
from tests.support.harness import PROGRAMS, snapshot
from tests.support.small import write_partitions

NOWHERE = "http://127.0.0.1:9"  # nothing listens there: no download
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)


@pytest.fixture
def own_copy(repository_copy, tmp_path):
    """A copy of the repository to damage, with the archives and nothing unpacked from them."""
    ignored = shutil.ignore_patterns("*-ubyte", "__pycache__")
    return shutil.copytree(repository_copy, tmp_path / "repository", ignore=ignored)


@pytest.mark.parametrize("damage", ["cut in half", "a bit in the middle flipped", "gone"])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_damaged_archive_is_refused(own_copy, stage, tmp_path, mnist, name, damage):
    archive, place = own_copy / "data/MNIST/raw" / name, tmp_path / "place"
    content = archive.read_bytes()
    archive.unlink()
    if damage != "gone":
        archive.write_bytes(DAMAGES[damage](content))
    write_partitions(place, mnist, sizes=[3, 4], test_size=5)
    before = snapshot(place)
    finished = stage.run(own_copy / "partition.py", cwd=place, **OFFLINE)
    assert "data/MNIST/raw" in complaint(finished, "partition.py")  # where to mend it
    assert snapshot(place) == before


def test_no_room_to_unpack_is_told_with_a_way_out_that_works_and_leaves_nothing_elsewhere(
    own_copy, stage, tmp_path
):
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    before = snapshot(own_copy / "data")
    words = [own_copy / "partition.py", "--clients", 2, "--scheme", "shards"]
    changes = {**OFFLINE, "TMPDIR": str(temporary)}
    full = [PROGRAMS / "refusing.py", "space", *words]
    assert "TMPDIR" in complaint(stage.run(*full, cwd=work, cold=True, **changes), "partition.py")
    assert not (work / "partitions").exists()
    finished = stage.run(*words, cwd=work, **changes)
    assert finished.status == 0, finished
    assert snapshot(own_copy / "data") == before
    assert not list(temporary.glob("tmp*"))
