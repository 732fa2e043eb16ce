"""Archives of MNIST that are damaged or gone, where they cannot be downloaded again."""

import shutil

import pytest

from tests.support.harness import snapshot
from tests.support.small import write_partitions

NOWHERE = "http://127.0.0.1:9"  # nothing listens there: no download
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)


def cut_off(path):
    """Leave half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path):
    """Invert one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.fixture
def own_copy(repository_copy, tmp_path):
    """A copy of the repository to damage, with the archives and nothing unpacked from them."""
    ignored = shutil.ignore_patterns("*-ubyte", "__pycache__")
    return shutil.copytree(repository_copy, tmp_path / "repository", ignore=ignored)


@pytest.fixture
def refuses_to_partition(own_copy, tmp_path, mnist, stage):
    """refuses_to_partition() runs the copy's partition.py offline and checks what it says and leaves."""
    place = tmp_path / "place"
    write_partitions(place, mnist, sizes=[3, 4], test_size=5)

    def run():
        before = snapshot(place)
        finished = stage.run(own_copy / "partition.py", cwd=place, **OFFLINE)
        assert finished.status == 2, finished
        assert len(finished.stderr.splitlines()) == 1, finished.stderr
        assert finished.stderr.startswith("partition.py: ")
        assert "data/MNIST/raw" in finished.stderr  # where to mend it
        assert snapshot(place) == before

    return run


DAMAGES = {"cut off": cut_off, "flipped": flip, "gone": lambda path: path.unlink()}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_damaged_archive_is_refused(own_copy, refuses_to_partition, name, damage):
    damage(own_copy / "data/MNIST/raw" / name)
    refuses_to_partition()


@pytest.mark.parametrize("name", ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3"])
def test_an_unpacked_file_that_was_cut_off_is_refused_or_unpacked_again(
    own_copy, refuses_to_partition, stage, tmp_path, name
):
    (tmp_path / "first").mkdir()
    words = ["--clients", 2]
    assert (
        stage.run(own_copy / "partition.py", *words, cwd=tmp_path / "first", **OFFLINE).status == 0
    )
    cut_off(own_copy / f"data/MNIST/raw/{name}-ubyte")
    (tmp_path / "second").mkdir()
    if stage.run(own_copy / "partition.py", *words, cwd=tmp_path / "second", **OFFLINE).status == 0:
        assert snapshot(tmp_path / "second") == snapshot(tmp_path / "first")
    else:
        refuses_to_partition()
