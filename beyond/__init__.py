"""For those who have finished the lesson: a folder a chapter, with its page, its commands and its figures.

A chapter attaches to the lesson from outside, through three doors; ARCHITECTURE.md says how.
"""

import support  # `python -m beyond.X` comes here first, and Flower has not been imported yet

__all__ = ["support"]
