"""Runs one of our commands on a system that refuses some calls, as network disks and shared folders do.

    python refusing.py CALL:ERROR,... COMMAND.py ARGUMENTS...
    python refusing.py others|space COMMAND.py ARGUMENTS...

The kernel itself refuses the calls (seccomp), to this process and to all that it starts: chmod:EPERM is what
CIFS and S3 mounts say, flock:ENOLCK NFS, fsync:EINVAL some FUSE file systems. "others": root is refused
what belongs to others, as any user is. "space": no file grows beyond a megabyte, as on a full disk.
"""

import ctypes
import errno
import platform
import resource
import runpy
import signal
import struct
import sys
from pathlib import Path

# What every call is in the kernel's table, for the machines that we know. A chmod comes in several forms.
NUMBERS = {
    "x86_64": {"chmod": (90, 91, 268, 452), "flock": (73,), "fsync": (74,)},
    "aarch64": {"chmod": (52, 53, 452), "flock": (32,), "fsync": (82,)},
}.get(platform.machine(), {})
LOAD, IS_EQUAL, RETURN = 0x20, 0x15, 0x06  # instructions of the filter's language, BPF
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2  # for prctl


def refuse(errors):
    """Let the kernel answer calls with errors from now on: {number of a call: number of an error}."""
    code = [(LOAD, 0, 0, 0)]  # the call's number
    for call, error in errors.items():
        code += [(IS_EQUAL, 0, 1, call), (RETURN, 0, 0, REFUSE | error)]
    code.append((RETURN, 0, 0, ALLOW))
    instructions = b"".join(struct.pack("HBBI", *words) for words in code)
    buffer = ctypes.create_string_buffer(instructions)
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    assert prctl(SECCOMP, FILTER, ctypes.create_string_buffer(program)) == 0, ctypes.get_errno()


def give_up_powers():
    """Let root be refused what any user is."""
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)  # version 3, this process
    assert ctypes.CDLL(None).capset(header, none) == 0


def limit_files():
    """Let no file grow beyond a megabyte."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))


def parsed(words):
    """Return {number of a call: number of an error} of "chmod:EPERM,fsync:EINVAL"."""
    pairs = [word.split(":") for word in words.split(",")]
    return {number: getattr(errno, error) for call, error in pairs for number in NUMBERS[call]}


if __name__ == "__main__":
    if sys.argv[1] == "others":
        give_up_powers()
    elif sys.argv[1] == "space":
        limit_files()
    else:
        refuse(parsed(sys.argv[1]))
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
