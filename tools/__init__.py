"""What keeps README.md true: a recorder of terminals, and what puts code and recordings into the page."""
