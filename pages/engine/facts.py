"""What the bridge to Flower's engine is made of, and what runs on both engines came to."""

import io
import tomllib
import zipfile

from beyond.engine.bundle import bundle
from pages.markdown import block, paragraph, percent
from pages.page import ROOT, Page
from support.tables import read_history

PAGE = Page("engine")


def figures():
    """Return the figures that sentences quote, as text, by name."""
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        sizes = [file.file_size for file in archive.infolist()]
    bridge = (ROOT / "beyond/engine/apps.py").read_text(encoding="utf-8")
    return {
        "files": str(len(sizes)),
        "bundle": f"{sum(sizes) / 1000:.0f} KB",
        "bridge_lines": str(len(bridge.splitlines())),
        "messages_3": percent(PAGE.rows("messages_history")[3]["accuracy"]),
        "classic_3": percent(read_history(Page("lesson").recorded / "lesson")[3].accuracy),
    }


def teaser():
    """Print what the lesson says about this chapter."""
    paragraph(
        """**Where does it run for real?** [Flower's engine](beyond/engine/README.md) takes these files to
        production: the same bytes, a thousand clients, several machines."""
    )


def app_config():
    """Print the part of pyproject.toml that says what the app is and which options it has."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    begin, end = text.index("[tool.flwr.app.components]"), text.index("[tool.ruff]")
    assert tomllib.loads(text[begin:end])
    block("toml", text[begin:end].strip())
