"""Where the figures on speed and memory come from."""
