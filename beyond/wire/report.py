"""What a wiretap tells in the end: a table and pictures."""

from beyond.wire.flower_messages import FIELDS, KINDS, TRANSPORT, UNEXPLAINED, WEIGHTS
from beyond.wire.relay import DIRECTIONS, TO_SERVER
from support.figures import new_figure, save_figure

MARKERS = dict(zip(DIRECTIONS, "os", strict=True))


def print_table(ledger, connections):
    """Print the bytes of every direction and round by kind, and what they sum to."""
    if ledger.bytes:
        print(f"{'':<14}{'round':>6}{''.join(f'{kind:>16}' for kind in KINDS)}{'all':>12}")
    for direction in DIRECTIONS:
        for towards, server_round in sorted(ledger.bytes):
            if towards == direction:
                print_row(direction, server_round, ledger.bytes[towards, server_round])
    if any(ledger.encrypted.values()):
        print_encrypted(ledger, connections)
    print_totals(ledger, connections)
    print_kernels_count(connections)
    if ledger.bytes:
        print_room(ledger)


def print_totals(ledger, connections):
    """Print what the sockets carried, and what of it the ledger has."""
    carried = sum(
        connection.carried(direction) for connection in connections for direction in DIRECTIONS
    )
    hidden = ledger.encrypted.total()
    print(
        f"{len(connections)} connections carried {carried:,} bytes; "
        f"the ledger has {ledger.total():,}, unexplained {ledger.total(UNEXPLAINED):,}"
        + (f", encrypted {hidden:,}" if hidden else "")
    )


def print_row(direction, server_round, counts):
    """Print one line of the table."""
    cells = "".join(f"{counts[kind]:>16,}" for kind in KINDS)
    print(f"{direction:<14}{server_round:>6}{cells}{counts.total():>12,}")


def print_encrypted(ledger, connections):
    """Say what TLS leaves to see: how much, when, and nothing else."""
    for direction in DIRECTIONS:
        times = [
            seconds for c in connections for seconds, towards, _ in c.chunks if towards == direction
        ]
        duration = max(times, default=0) - min(times, default=0)
        print(
            f"TLS, {direction}: {ledger.encrypted[direction]:,} bytes within {duration:.1f} s; "
            "what they say cannot be read here, only sizes and times"
        )


def print_kernels_count(connections):
    """Print what the operating system has counted on the same sockets, where it has."""
    pairs = [
        (connection.carried(direction), count)
        for connection in connections
        for direction, count in connection.kernel.items()
        if count is not None
    ]
    if pairs:
        carried, counted = map(sum, zip(*pairs, strict=True))
        print(
            f"The kernel's own counters, where a stream has ended in order: {counted:,} bytes; "
            f"of these the ledger has {carried:,}"
        )


def print_room(ledger):
    """Print how many bytes clients could choose: weights, and what the formats do not dictate besides."""
    rounds = [counts for (towards, _), counts in ledger.bytes.items() if towards == TO_SERVER]
    weights, elsewhere = (
        sum(counts[kind] for counts in rounds for kind in kinds)
        for kinds in ([WEIGHTS], [FIELDS, TRANSPORT, UNEXPLAINED])
    )
    print(
        f"To the server something could hide in {weights:,} bytes of weights, and in at most "
        f"{elsewhere:,} bytes elsewhere"
    )


def draw(ledger, path):
    """Draw bytes by kind, a mark for every direction and round, into the PNG file `path`."""
    figure, [[axes]] = new_figure(figsize=(7.6, 3.2))
    for direction in DIRECTIONS:
        _mark(axes, ledger, direction)
    axes.set_xscale("symlog", linthresh=1, linscale=0.4)
    axes.set_xlim(left=-0.1)
    axes.set_yticks(range(len(KINDS)), KINDS)
    axes.invert_yaxis()
    axes.set(
        xlabel="Bytes in a round (logarithmic; 0 on the left)", title="What passed on the wire"
    )
    axes.grid(alpha=0.3)
    if ledger.bytes:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    save_figure(figure, path, option="--picture")


def _mark(axes, ledger, direction):
    """Put a mark for every round and kind; the two directions lie side by side."""
    lift = 0.12 if direction == DIRECTIONS[0] else -0.12
    marks = [
        (counts[kind], place + lift)
        for (towards, _), counts in sorted(ledger.bytes.items())
        for place, kind in enumerate(KINDS)
        if towards == direction
    ]
    if marks:
        sizes, heights = zip(*marks, strict=True)
        axes.plot(sizes, heights, MARKERS[direction], label=direction, alpha=0.6, markersize=6)


def draw_low_bits(images, path):
    """Draw uint8 `images`, one for every client's update, side by side into the PNG file `path`."""
    figure, [panels] = new_figure(1, len(images), figsize=(max(3.0, 1.6 * len(images)), 1.9))
    for number, (axes, image) in enumerate(zip(panels, images, strict=True), start=1):
        axes.imshow(255 - image, cmap="gray", vmin=0, vmax=255)
        axes.axis("off")
        axes.set_title(f"update {number}", fontsize=9)
    save_figure(figure, path, option="--reveal")
