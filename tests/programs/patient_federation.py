"""federation.py, which gives its processes far longer to end before it kills them: see PATIENT there.

On a busy machine a process that ends in order may need more than the seconds that a reader would wait.
"""

from federation import main
from support import processes
from support.command_line import run_command

PATIENT = 30.0

if __name__ == "__main__":
    processes.GRACE = PATIENT
    run_command(main)
