"""What keeps the pages true: a recorder of terminals, and what puts code and recordings into the pages."""
