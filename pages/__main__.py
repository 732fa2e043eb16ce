"""Write every page of this repository from its source, and the lesson's also as a notebook.

python -m pages                   # make readme does this
python -m pages --check           # writes nothing; exits 1 and names what is stale
"""

import sys

from pages.notebook import all_notebooks
from pages.page import all_pages
from support.command_line import ROOT, Options, parse_options, run_command


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument("--check", action="store_true", help="compare instead of writing")
    pages = [*all_pages(), *all_notebooks()]
    if parse_options(arguments, [options]).check:
        sys.exit("\n".join(filter(None, (page.stale() for page in pages))) or 0)
    for page in pages:
        page.write()
        print(f"Wrote {page.path.relative_to(ROOT)}")


if __name__ == "__main__":
    run_command(main)
