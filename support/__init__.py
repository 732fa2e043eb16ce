"""What a real system needs and a lesson file should not carry, one file a concern.

Nothing here knows server.py or client.py; they import from here, never the other way round.
"""
