"""Listen in on a federation: a relay between clients and server that accounts for every byte.

    python server.py                                            # terminal 1
    python -m beyond.privacy.wiretap --partition 0 1            # terminal 2: listens on 8081
    python client.py --partition-id 0 --server 127.0.0.1:8081   # terminal 3, and so on

It passes everything on unchanged. When the run is over (or on Ctrl-C) it prints what every byte was, and
whether any image of the partitions it was given was among them.
"""

from support.argument_types import address, natural_int
from support.command_line import OneLineParser, UserError, run_command
from support.figures import check_picture
from support.listening import is_loopback
from support.partitions import PARTITIONS, load_partition

import asyncio
from pathlib import Path

import numpy as np

from beyond.privacy.books import keep_books
from beyond.privacy.image_search import Search
from beyond.privacy.relay import Relay, split
from beyond.privacy.wire_report import draw, print_images, print_table


def listen_in(relay):
    """Relay until the server is gone or somebody presses Ctrl-C."""
    host, port = relay.listen
    try:
        asyncio.run(relay.run(lambda: print(f"Listening on {host}:{port}")))
    except KeyboardInterrupt:
        print("Stopped; what has passed so far:")


def search_images(contents, images):
    """Return (Search, findings): see wire_report.print_images."""
    search = Search(images)
    findings = [
        (direction, server_round, name, image, form, rows)
        for direction, server_round, name, content in contents
        for (image, form), rows in search.find(content).items()
    ]
    return search, findings


def load_images(partitions):
    """Return the images of all `partitions`, numbers, in one array (n, 28, 28)."""
    parts = [load_partition(PARTITIONS / f"client_{number}.npz")[0] for number in partitions]
    return np.concatenate(parts) if parts else np.empty((0, 28, 28), np.uint8)


def check(args):
    """Raise UserError if the wiretap would listen where it should not, or to itself."""
    host, _ = split(args.listen)
    if not is_loopback(host):
        raise UserError(f"{args.listen} is open to other machines; listen on 127.0.0.1:PORT")
    if split(args.listen) == split(args.server):
        raise UserError("--listen and --server are the same address; choose two")
    check_picture(args.picture, "--picture")


def main(arguments=None):
    """Run the command line described above."""
    parser = OneLineParser("beyond.privacy.wiretap", __doc__)
    add = parser.add_argument
    add("--listen", type=address, default="127.0.0.1:8081", help="HOST:PORT for the clients")
    add("--server", type=address, default="127.0.0.1:8080", help="HOST:PORT of the server")
    add("--partition", type=natural_int, nargs="+", default=[], help="whose images to look for")
    add("--picture", default="results/wiretap.png", help="the PNG file to write")
    args = parser.parse_args(arguments)
    check(args)
    images = load_images(args.partition)
    relay = Relay(args.listen, args.server)
    listen_in(relay)
    books = keep_books(relay.connections)
    print_table(books, relay.connections)
    if len(images):
        search, found = search_images(books.contents, images)
        print_images(found, search, len(images))
    Path(args.picture).parent.mkdir(parents=True, exist_ok=True)
    draw(books, args.picture)
    print(f"Wrote {args.picture}")


if __name__ == "__main__":
    run_command(main, "beyond.privacy.wiretap")
