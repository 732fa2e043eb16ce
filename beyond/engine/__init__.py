"""The same files on Flower's production engine."""
