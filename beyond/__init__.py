"""For those who have finished the lesson: a folder a chapter, with its page, its commands and its figures.

A chapter attaches to the lesson from outside, through four doors; ARCHITECTURE.md says how.
"""
