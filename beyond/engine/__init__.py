"""Chapter 8: the same files on Flower's production engine, on several machines, with a thousand clients."""
