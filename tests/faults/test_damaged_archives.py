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


def test_nothing_is_unpacked_beside_the_archives_or_left_elsewhere(own_copy, stage, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "temporary").mkdir()
    before = snapshot(own_copy / "data")
    words = ["--clients", 2, "--scheme", "shards"]
    changes = {**OFFLINE, "TMPDIR": str(tmp_path / "temporary")}
    finished = stage.run(own_copy / "partition.py", *words, cwd=tmp_path / "work", **changes)
    assert finished.status == 0, finished
    assert snapshot(own_copy / "data") == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_no_room_to_unpack_is_told_with_a_way_out_that_works(own_copy, stage, tmp_path):
    (tmp_path / "work").mkdir()
    words = ["--clients", 2]
    gone = {**OFFLINE, "TMPDIR": str(tmp_path / "work")}
    full = ["-c", FULL, own_copy / "partition.py", *words]
    finished = stage.run(*full, cwd=tmp_path / "work", cold=True, **gone)
    assert finished.status == 2 and "TMPDIR" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert (
        not list((tmp_path / "work").glob("tmp*")) and not (tmp_path / "work/partitions").exists()
    )
    assert stage.run(own_copy / "partition.py", *words, cwd=tmp_path / "work", **gone).status == 0


# Lets no file grow beyond a megabyte, as on a disk that is full, and runs the command behind it.
FULL = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
