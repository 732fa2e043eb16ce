"""What a real system needs and a lesson file should not carry, one file a concern; README.md is the index.

Nothing here imports server.py, client.py or a chapter; they import from here, never the other way round.
"""

from support import environment

environment.prepare()
