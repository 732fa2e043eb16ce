"""The two walks that README.md takes its reader on, done by a program: the lesson, and "Kill one"."""

import signal

from tools.terminals import Desk, commands_in, section

LESSON = "Part 3"
FAULTS = "3.4"


def lesson_commands(readme):
    """Return Part 3's commands as [(terminal, command), ...], without those of "Kill one"."""
    part = section(readme, LESSON)
    return commands_in(part.replace(section(readme, FAULTS), ""))


def walk_the_lesson(readme, directory, more_server="", more_client=""):
    """Run partition, server, clients and plot as `readme` prints them, in `directory`.

    `more_server` and `more_client` are added to those commands, for those whose port 8080 is taken.
    Returns ({name of terminal: what it printed}, bytes of memory of server and clients together).
    """
    commands = [command for _, command in lesson_commands(readme)]
    partition = next(command for command in commands if "partition.py" in command)
    server = next(command for command in commands if "server.py" in command) + more_server
    clients = [command + more_client for command in commands if "client.py" in command]
    screens = {}
    with Desk(directory) as desk:
        screens["partition"] = desk.open(partition).finish()
        server, clients = start_federation(desk, server, clients)
        memory = sum(terminal.memory() for terminal in [server, *clients])
        screens["server"] = server.finish()
        for number, client in enumerate(clients):
            screens[f"client_{number}"] = client.finish()
        screens["plot"] = desk.open("python plot_accuracy.py").finish()
    return screens, memory


def start_federation(desk, server, clients):
    """Start the server, then one client after the other, each when the one before has joined."""
    server = desk.open(server)
    server.wait_for("Waiting for clients")
    terminals = []
    for number, command in enumerate(clients):
        terminals.append(desk.open(command))
        server.wait_for(rf"Client {number} joined")
    return server, terminals


def walk_the_faults(readme, directory, more_server="", more_client=""):
    """Kill a client, start it again, kill the server, resume: as `readme` prints it; return the screens.

    Expects partitions in `directory`.
    """
    start, resume, again = fault_commands(readme)
    clients = [
        command + more_client for _, command in lesson_commands(readme) if "client.py" in command
    ]
    screens = {}
    with Desk(directory) as desk:
        server, terminals = start_federation(desk, start + more_server, clients)
        server.wait_for("Round  1 of")
        kill(terminals[3])
        server.wait_for("Round  2 of")
        terminals[3] = desk.open(again + more_client)
        server.wait_for("Client 3 joined")
        server.wait_for(r"Round +\d+ of")
        kill(server)
        for client in terminals:
            client.wait_for("Lost the server")
        screens["resumed"] = desk.open(resume + more_server).finish()
        screens["server"] = server.text()
        screens["client_3"] = terminals[3].finish()
        for client in terminals:
            client.finish()
    return screens


def kill(terminal):
    """Do what pkill -KILL does, to this process and no other."""
    terminal.process.kill(signal.SIGKILL)
    terminal.process.proc.wait()


def fault_commands(readme):
    """Return the commands of "Kill one": the server's, the resumed server's, and the returning client's."""
    commands = [command for _, command in commands_in(section(readme, FAULTS))]
    start = next(line for line in commands if "server.py" in line and "--resume" not in line)
    resume = next(line for line in commands if "--resume" in line)
    again = next(line for line in commands if "client.py" in line)
    return start, resume, again
