"""lesson.ipynb is README.md as a notebook, and its cells do what README.md says."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

from pages.notebook import all_notebooks, as_code
from support.command_line import UserError
from support.tables import read_history
from tests.support.harness import PATIENCE, ROOT, processes_in, wait_until
from tests.support.ports import free_address
from tests.support.small import write_partitions

(NOTEBOOK,) = all_notebooks()
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A directory with the lesson's files, as links, and with nothing of Jupyter's elsewhere."""
    for name in ("support", "pages", *(file.name for file in ROOT.glob("*.py"))):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    return tmp_path


def execute(directory, cells):
    """Run `cells`, sources of code, in a kernel there; return what each has shown, as text."""
    content = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    place = {"metadata": {"path": str(directory)}}
    NotebookClient(content, resources=place, timeout=PATIENCE * 4, kernel_name="python3").execute()
    wait_until(lambda: not processes_in(directory), "nothing runs any more")
    outputs = [cell.outputs for cell in content.cells]
    return ["".join(one.get("text") or str(list(one["data"])) for one in all_) for all_ in outputs]


def code(changes):
    """Return the notebook's code, cell by cell, with `changes` {old text: new text}; each has to be there."""
    sources = [cell.source for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    for old, new in changes.items():
        assert old in "".join(sources)
        sources = [source.replace(old, new) for source in sources]
    return sources


def test_it_is_what_its_source_says_and_a_notebook():
    assert NOTEBOOK.stale() is None
    nbformat.validate(nbformat.read(NOTEBOOK.path, as_version=4))


def test_it_has_the_headings_the_listings_and_the_pictures_of_the_readme_and_no_terminals():
    text = "\n".join(cell.source for cell in NOTEBOOK.cells if cell.cell_type == "markdown")
    assert HEADING.findall(text) == HEADING.findall(README)
    for kind in (r"^```python\n.*?^```", r"<img [^>]*>"):
        pattern = re.compile(kind, re.MULTILINE | re.DOTALL)
        assert pattern.findall(text) == pattern.findall(README)
    for_terminals = r"Ctrl-Z|^\*\*Terminal|in terminals|```(shell|notebook)"
    assert not re.search(for_terminals, text, re.MULTILINE)
    assert not re.search("in terminals|everywhere -->|notebook-", README)


def test_a_line_that_no_cell_can_do_is_refused():
    with pytest.raises(UserError, match="no cell can do this: make run"):
        as_code("make run")


def test_its_cells_run_the_lesson_with_a_server_and_clients_as_processes(clone, mnist):
    """With a small client, without the runs of federation.py and the killed ones."""
    write_partitions(clone, mnist, sizes=[60], test_size=20)
    (clone / "partitions/settings.json").unlink()  # the reader's own, so there is one
    address = free_address()
    cells = code(
        {
            '"server.py"': f'"server.py --clients 1 --rounds 3 --address {address}"',
            "{number}": f"{{number}} --server {address}",
            "range(10)": "range(1)",
            "10 of 10": "1 of 1",
        }
    )
    skipped = ("federation.py", "killed", "kill()", "%run partition.py", "results/e5")
    cells = [one for one in cells if not any(word in one for word in skipped)]
    *_, joined, trained, second, ended, plot, picture, classified = execute(clone, cells)
    assert "Client 0 joined" in joined
    assert trained.splitlines()[-1].startswith("Round 2: trained on 60 images, loss ")
    assert second.splitlines()[-1].startswith("Round  2 of 3: accuracy ")
    assert "Round  3 of 3: accuracy " in ended and ended.count("Disconnect and shut down") == 1
    assert plot == "Wrote results/fedavg/accuracy.png\n" and "image/png" in picture
    assert re.fullmatch(r"The model reads \d, the label says 7\n", classified)
    assert len(read_history(clone / "results/fedavg")) == 4


@pytest.mark.thorough
@pytest.mark.timeout(3000)
def test_all_of_its_cells_run_one_after_the_other(clone):
    """All images, all clients; runs of federation.py have two rounds."""
    address = free_address()
    cells = code(
        {
            '"server.py': f'"server.py --address {address} ',
            "client.py --partition-id": f"client.py --server {address} --partition-id",
            '"federation.py': f'"federation.py --address {address} --rounds 2 ',
        }
    )
    shown = execute(clone, cells)
    assert len(read_history(clone / "results/fedavg")) == 11
    assert len(read_history(clone / "results/killed")) == 6
    assert "The model reads 7, the label says 7\n" in shown
    assert all(text for text, cell in zip(shown, cells, strict=True) if "import" not in cell)
