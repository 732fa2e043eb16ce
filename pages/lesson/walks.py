"""The two walks that README.md takes its reader on, done by a program: the lesson, and "Kill one"."""

from pages.terminals import Desk, commands_in, section

LESSON = "Part 3"
FAULTS = "3.4"


def lesson_commands(readme):
    """Return Part 3's commands as [(terminal, command), ...], without those of "Kill one"."""
    part = section(readme, LESSON)
    return commands_in(part.replace(section(readme, FAULTS), ""))


def walk_the_lesson(readme, directory, more_server="", more_client="", make_desk=Desk):
    """Run partition, server, clients and plot as `readme` prints them, in `directory`.

    `more_server` and `more_client` are added to those commands, for those whose port 8080 is taken; terminals
    stand on `make_desk(directory)`. Returns ({name of terminal: what it printed}, bytes of memory of server
    and clients together).
    """
    commands = [command for _, command in lesson_commands(readme)]
    partition = next(command for command in commands if "partition.py" in command)
    server = next(command for command in commands if "server.py" in command) + more_server
    clients = [command + more_client for command in commands if "client.py" in command]
    screens = {}
    with make_desk(directory) as desk:
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
    typed = [line for _, line in commands_in(section(readme, FAULTS))]
    start, stop, kill, again, stop_server, kill_server, resume = typed
    clients = [line + more_client for _, line in lesson_commands(readme) if "client.py" in line]
    with Desk(directory) as desk:
        server, terminals = start_federation(desk, start + more_server, clients)
        server.wait_for("Round +1 of")
        type_all(terminals[3], stop, kill)
        server.wait_for("Round +2 of")
        type_all(terminals[3], again + more_client)
        server.wait_for("Client 3 joined")
        server.wait_for(r"Round +\d+ of")
        type_all(server, stop_server, kill_server)
        for client in terminals:
            client.wait_for("Lost the server")
        before = server.text()
        type_all(server, resume + more_server)
        after = server.finish().removeprefix(before)
        screens = [client.finish() for client in terminals]
    return {"server": before, "resumed": after, "client_3": screens[3]}


def type_all(terminal, *lines):
    """Type one line after the other."""
    for line in lines:
        terminal.type(line)
