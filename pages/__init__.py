"""What makes the pages: a folder for each with its source, its figures and its recordings.

Pages import the lesson and the chapters, never the other way round.
"""
