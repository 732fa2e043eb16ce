"""Listen in on a federation: a relay between clients and server that accounts for every byte.

    python server.py                                            # terminal 1
    python -m beyond.wire.wiretap --partition 0 1            # terminal 2: listens on 8081
    python client.py --partition-id 0 --server 127.0.0.1:8081   # terminal 3, and so on

It passes everything on unchanged, and keeps it in memory. When the run is over (or on Ctrl-C) it prints what
every byte was, and whether any image of the partitions it was given was among them.
"""

import asyncio
from pathlib import Path

import numpy as np

from beyond.wire.byte_ledger import keep_ledger
from beyond.wire.found_images import report_found, report_low_bits
from beyond.wire.image_search import Search
from beyond.wire.relay import Relay
from beyond.wire.report import draw, draw_low_bits, print_table
from support.argument_types import address, host_and_port, natural_int
from support.command_line import Options, UserError, parse_options, run_command
from support.figures import check_picture
from support.listening import check_port_is_free, is_loopback
from support.partitions import PARTITIONS, load_partition


def listen_in(relay):
    """Relay until the server is gone or Ctrl-C is pressed."""
    host, port = relay.listen
    try:
        asyncio.run(relay.run(lambda: print(f"Listening on {host}:{port}")))
    except KeyboardInterrupt:
        print("Stopped; what has passed so far:")


def check(args):
    """Raise UserError if the wiretap would listen where it should not, or to itself."""
    host, _ = host_and_port(args.listen)
    if not is_loopback(host):
        raise UserError(f"{args.listen} is open to other machines; listen on 127.0.0.1:PORT")
    if host_and_port(args.listen) == host_and_port(args.server):
        raise UserError("--listen and --server are the same address; choose two")
    check_port_is_free(args.listen, "--listen")
    check_picture(args.picture, "--picture")
    if args.reveal:
        check_picture(args.reveal, "--reveal")


def check_lesson_images(images):
    """Raise UserError if not all `images` are such as the smuggler hides in low bits."""
    for number, own in images.items():
        if own.dtype != np.uint8 or own.shape[1:] != (28, 28):
            raise UserError(
                f"--reveal is for the lesson's images, uint8 (28, 28); those of client {number} are "
                f"{own.dtype} {own.shape[1:]}: leave it out"
            )


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    add = options.add_argument
    add("--listen", type=address, default="127.0.0.1:8081", help="HOST:PORT for the clients")
    add("--server", type=address, default="127.0.0.1:8080", help="HOST:PORT of the server")
    add("--partition", type=natural_int, nargs="+", default=[], help="whose images to look for")
    add("--picture", default="results/wiretap.png", help="the PNG file to write")
    add("--reveal", metavar="FILE", help="draw what is in the low bits of the last round's updates")
    args = parse_options(arguments, [options])
    check(args)
    images = {k: load_partition(PARTITIONS / f"client_{k}.npz")[0] for k in args.partition}
    if args.reveal:
        check_lesson_images(images)
    search = Search(images)
    relay = Relay(args.listen, args.server)
    listen_in(relay)
    ledger = keep_ledger(relay.connections)
    print_table(ledger, relay.connections)
    if images and ledger.contents:
        report_found(ledger.contents, images, search)
    if ledger.bytes:
        write_picture(args.picture, lambda path: draw(ledger, path))
    if args.reveal and (pictures := report_low_bits(ledger.contents, images)):
        write_picture(args.reveal, lambda path: draw_low_bits(pictures, path))


def write_picture(path, draw_it):
    """Call `draw_it(path)`, which writes that file, and say so."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    draw_it(path)
    print(f"Wrote {path}")


if __name__ == "__main__":
    run_command(main)
