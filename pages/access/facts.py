"""How far a stranger got, and how large an honest update is."""

import re

from model import get_weights, make_model
from pages.markdown import block
from pages.page import Page

PAGE = Page("access")


def figures():
    """Return the figures that sentences quote, as text, by name."""
    update = sum(array.nbytes for array in get_weights(make_model()))
    return {"update_bytes": f"{update:,}"}


def stranger_at(port):
    """Print how far a stranger got at a `port`: SuperLink's, or the proxy's."""
    parts = re.split(r"^(?=A stranger)", PAGE.screen("stranger"), flags=re.MULTILINE)
    (part,) = (part for part in parts if part.startswith(f"A stranger at {port}"))
    block("text", part.strip())
