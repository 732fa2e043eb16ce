"""What the wiretap prints and draws: of honest clients, of smugglers, and with TLS."""

from pages.record import Recording, keep_screens, run
from pages.terminals import Desk
from support.listening import free_port

# Eight that are found, and two that are not: between and low-bits. Client 6's first image has no telling row.
WAYS = ("metrics", "inverted", "columns", "deflate", "base64", "weights", "between", "second-bytes")
WAYS += ("scaled", "low-bits")
HONEST = dict.fromkeys(range(3), "client.py")
SMUGGLERS = {number: f"-m beyond.wire.smuggler --how {way}" for number, way in enumerate(WAYS)}


def tap(name, clients, options="", more="", rounds=3):
    """Return a Recording's function: a wiretap listens to a server with `clients`, {number: words}."""

    def record(directory, recorded):
        server, listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
        own = f"--rounds {rounds} --min-clients {len(clients)} --patience 20 --run results/{name}"
        tapped = f"--listen {listen} --server {server} --picture results/{name}.png"
        partitions = " ".join(map(str, clients))
        with Desk(directory) as desk:
            asking = desk.open(f"python server.py {own} --address {server} {more}")
            asking.wait_for("Waiting for clients")
            for number, words in clients.items():
                desk.open(f"python {words} --partition-id {number} --server {listen} {more}")
            words = f"--partition {partitions} {tapped} {options}"
            screen = run(directory, f"python -m beyond.wire.wiretap {words}")
        keep_screens(recorded, {name: screen.replace(listen, "127.0.0.1:8081")})

    return record


RECORDINGS = {
    "room": Recording(
        ("python federation.py --address {address}", "python -m beyond.wire.room"),
        screens=(None, "room"),
    ),
    "wiretap": Recording(
        ("python partition.py",),
        function=tap("wiretap", HONEST),
        files={"wiretap.png": "results/wiretap.png"},
    ),
    "smugglers": Recording(
        ("python partition.py",),
        function=tap("smugglers", SMUGGLERS, "--reveal results/low_bits.png", rounds=1),
        files={"low_bits.png": "results/low_bits.png"},
    ),
    "tls": Recording(
        ("python partition.py", "make certificates"),
        function=tap("tls", HONEST, more="--certificates certificates"),
    ),
}
