"""A toy chapter: the learning rate shrinks from round to round, and every client says what it is."""
