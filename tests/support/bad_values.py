"""Words that no option of some kind may take."""

import pytest

COUNT = ["0", "-1", "two", "1.5", ""]
NATURAL = ["-1", "two", "1.5", ""]
SECONDS = ["0", "-1", "soon", "nan", "inf", "1e300", ""]
ADDRESS = [
    "",
    "8080",
    ":8080",
    "localhost",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "localhost:-1",
]
ADDRESS += ["localhost:http", "http://127.0.0.1:8080", "127.0.0.1:8080/", "127.0.0.1:8080 "]
LISTEN = [*ADDRESS, "198.51.100.7:8080", "0.0.0.0:8080", "a..b:8080", "x" * 70 + ":8080"]
SEED = [*NATURAL, str(2**64)]
POSITIVE = ["0", "-1", "nan", "inf", "much", ""]
FRACTION = [*POSITIVE, "1.01"]
DECAY = ["-0.1", "1", "nan", "inf", "much", ""]


def parameters(options_of):
    """Return a pytest parameter for every bad value of every option of every command."""
    return [
        pytest.param(command, option, value, id=f"{command} {option} {value[:20]}")
        for command, options in options_of.items()
        for option, values in options.items()
        for value in values
    ]
