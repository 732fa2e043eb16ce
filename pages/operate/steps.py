"""The commands of OPERATE.md, in the order in which record_operate.py types them on machines.

<node0> in a line is what SuperLink calls that machine's node: its number, as the node's journal says.
"""

from typing import NamedTuple

DEPLOY = "beyond/access/deploy"
DATABASE = "/var/lib/flower-superlink/superlink.db"
DATA = "/srv/flower/partitions"
HISTORY = "/var/lib/flower-serverapp/results/long/history.csv"
RUN = 'flwr run . ours --run-config \'clients=3 rounds=40 run="results/long"'
REFUSED = "code: 2004"  # how SuperLink answers a key that it does not know, or not any more


class Line(NamedTuple):
    """A line typed on the machine `where`, and what its page shows of the output: lines that match `show`.

    It is typed again until the output matches `until`; with `grows`, until it begins with a larger number
    than it did the last time.
    """

    where: str
    text: str
    until: str = ""
    show: str | None = None
    grows: bool = False
    status: int = 0


class Bring(NamedTuple):
    """A file that is carried by hand, from NAME:PATH to NAME:PATH."""

    source: str
    target: str


def machine(name):
    """Return what every machine needs."""
    texts = (
        "python3 -m venv /opt/flower/venv",
        "/opt/flower/venv/bin/pip install -q --disable-pip-version-check -r requirements-beyond.txt",
        f"cp {DEPLOY}/flower.sh /etc/profile.d/",
        f"cp {DEPLOY}/*.service /etc/systemd/system/",
        "mkdir /etc/flower",
        "(umask 077; head -c 32 /dev/urandom > /etc/flower/superexec.secret)",
    )
    return [Line(name, text) for text in texts]


def server():
    """Return what makes the machine `server` the server."""
    texts = (
        "useradd --system flower-superlink",
        "useradd --system flower-serverapp",
        "make certificates HOSTS=,IP:10.89.0.1",
        "cp certificates/{ca.pem,server.pem,server.key} /etc/flower/",
        "python partition.py",
        "install -D partitions/test.npz /var/lib/flower-serverapp/partitions/test.npz",
        f"cp {DEPLOY}/flower-fleet.conf /etc/nginx/conf.d/",
        "rm -f /etc/nginx/sites-enabled/default",
        f"install -D {DEPLOY}/config.toml ~/.flwr/config.toml",
        "systemctl enable --now flower-superlink flower-serverapp",
        "systemctl restart nginx",
    )
    ready = Line(
        "server", "journalctl -u flower-superlink -o cat | grep running", "Uvicorn", "Uvicorn"
    )
    return [*(Line("server", text) for text in texts), ready]


def node(n):
    """Return what makes the machine node{n} a node with partition n."""
    here = f"node{n}"
    return [
        Line(here, "useradd --system flower-node"),
        Line(here, "useradd --system flower-app"),
        Line(here, 'ssh-keygen -q -t ecdsa -b 384 -N "" -f /etc/flower/node.key'),
        Line(here, rf"printf 'SUPERLINK=10.89.0.1:9443\nPARTITION={n}\n' > /etc/flower/node.conf"),
        Line(here, f"mkdir -p {DATA}"),
        Bring("server:/etc/flower/ca.pem", f"{here}:/etc/flower/ca.pem"),
        Bring(
            f"server:/opt/flower/lesson/partitions/client_{n}.npz", f"{here}:{DATA}/client_{n}.npz"
        ),
        Bring(f"{here}:/etc/flower/node.key.pub", f"server:/root/{here}.pub"),
        Line(here, f"chown -R flower-app {DATA} && chmod -R go= {DATA}"),
        Line("server", f"flwr supernode register ~/{here}.pub ours", show="registered"),
        Line(here, "systemctl enable --now flower-supernode flower-clientapp"),
        is_in(here),
    ]


def is_in(here, number=r"\d+"):
    """Return the line that shows that the node on machine `here` is in, by a `number` that matches."""
    text = "journalctl -u flower-supernode -o cat | grep 'SuperNode ID' | tail -1"
    return Line(here, text, f"ID: {number}", "ID")


def is_in_with_another(here):
    """Return the line that shows that the node on machine `here` is in by another number than before."""
    return is_in(here, rf"(?!<{here}>)\d")


def last_round(grows=True):
    """Return the line that shows the last round of the long run; that it waits for if it `grows`."""
    return Line("server", f"tail -1 {HISTORY}", r"^\d", r"^\d", grows)


def ours(text, show):
    """Return a line with a command of `flwr` on the server."""
    return Line("server", f"flwr {text} ours", show=show)


RENEWED = (
    "-subj '/CN=federation server' -keyout certificates/server.key -out certificates/server.csr"
)
SIGNED = (
    "-in certificates/server.csr -CA certificates/ca.pem -CAkey certificates/ca.key"
    " -extfile /dev/stdin -out certificates/server.pem"
)
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.89.0.1"
REFUSALS = f"journalctl -u flower-supernode -o cat | grep '{REFUSED}'"
THROUGH = "openssl s_client -connect 10.89.0.1:9443 < /dev/null 2> /dev/null"
BACKUP = Line("server", f'sqlite3 {DATABASE} ".backup /root/superlink.db"')

STEPS = {
    "server_machine": machine("server"),
    "server": server(),
    "node0_machine": machine("node0"),
    "node0": node(0),
    "node1_machine": machine("node1"),
    "node1": node(1),
    "ports": [Line("server", "ss -ltnH"), Line("node0", "ss -ltnH")],
    "run": [
        Line(
            "server",
            "flwr run . ours --stream --run-config 'clients=2 rounds=2'",
            show=r"^Round +[12]",
        )
    ],
    "list": [ours("supernode list", "online|offline|registered")],
    "node2_machine": machine("node2"),
    "add": node(2),
    "long": [Line("server", f"{RUN}'"), last_round(), last_round()],
    "backup": [
        BACKUP,
        Line("server", 'sqlite3 /root/superlink.db "pragma integrity_check"', "ok", "ok"),
    ],
    "renew": [
        last_round(),
        Line("server", f"openssl req -newkey rsa:2048 -nodes {RENEWED}"),
        Line("server", f"printf {NAMES} | openssl x509 -req -days 365 {SIGNED}"),
        Line("server", "cp certificates/server.{pem,key} /etc/flower/"),
        Line("server", "systemctl reload nginx && systemctl restart flower-superlink"),
        Line("server", f"{THROUGH} | openssl x509 -noout -enddate", "notAfter", "notAfter"),
        last_round(),
        last_round(),
    ],
    "rotate": [
        last_round(),
        Line("node0", 'ssh-keygen -q -t ecdsa -b 384 -N "" -f /etc/flower/new.key'),
        Bring("node0:/etc/flower/new.key.pub", "server:/root/new.pub"),
        ours("supernode register ~/new.pub", "registered"),
        Line("node0", "mv /etc/flower/new.key /etc/flower/node.key"),
        Line("node0", "systemctl restart flower-supernode"),
        is_in_with_another("node0"),
        ours("supernode unregister <old node0>", "unregistered"),
        last_round(),
        last_round(),
    ],
    "revoke": [
        last_round(),
        ours("supernode unregister <node1>", "unregistered"),
        Line("node1", f"{REFUSALS} -m 1", REFUSED, REFUSED),
        last_round(),
        last_round(),
    ],
    "killed": [
        last_round(),
        Line("server", "systemctl kill -s KILL flower-superlink"),
        Line("server", "systemctl show -p NRestarts flower-superlink", "=[1-9]", "="),
        last_round(),
        last_round(),
    ],
    "history": [Line("server", f"cat {HISTORY}"), ours("supernode list", "online|offline")],
    "opponent": [
        Line("node1", f"{REFUSALS} -c", r"^([3-9]|\d\d)", r"\d"),
        ours("supernode register ~/node1.pub", "Public key")._replace(status=1),
        ours("supernode register ~/node0.pub", "Public key")._replace(status=1),
    ],
    "watch": [
        Line("server", "systemctl --failed", show="loaded units"),
        Line(
            "server",
            "systemctl show -p NRestarts,MemoryCurrent,MemoryMax flower-superlink",
            show="=",
        ),
        Line("server", "openssl x509 -enddate -noout -in /etc/flower/server.pem", show="notAfter"),
        Line("server", f"du -h {DATABASE}", show="db"),
        Line("server", "flwr list ours"),
        Line("node0", "journalctl -u 'flower-*' -o cat --since -1h | grep -E 'WARN|ERROR'"),
    ],
    "restore": [
        Line("server", "systemctl stop flower-superlink"),
        Line("server", f"rm -f {DATABASE}-*"),
        Line("server", f"install -m 600 -o flower-superlink /root/superlink.db {DATABASE}"),
        Line("server", "systemctl start flower-superlink"),
        Line("server", "flwr supernode list ours", "<node1>.*online", "online|offline"),
        Line("server", "flwr list ours", "failed", "failed"),
    ],
    "again": [
        ours("supernode register ~/new.pub", "registered"),
        is_in_with_another("node0"),
        ours("supernode unregister <node1>", "unregistered"),
    ],
    "resume": [Line("server", f"{RUN} resume=true'"), last_round(), last_round()],
    "upgrade": [
        Line("server", "systemctl stop flower-serverapp flower-superlink"),
        BACKUP._replace(text=BACKUP.text.replace('superlink.db"', 'before.db"')),
        machine("server")[1],
        machine("server")[3],
        Line("server", "systemctl daemon-reload"),
        Line("server", "systemctl start flower-superlink flower-serverapp"),
        machine("node0")[1],
        machine("node0")[3],
        Line("node0", "systemctl daemon-reload"),
        Line("node0", "systemctl restart flower-supernode flower-clientapp"),
        Line("server", "flwr supernode list ours", "<node0>.*online"),
    ],
}
