"""What the first half of chapter 7's page calls: each function prints Markdown."""

from beyond.privacy.figures import facts, inversion_summary, read_table
from tools.snippets import image, say, table


def tell(text):
    """Print a paragraph with the chapter's figures in it."""
    say(text, facts())


def chart(name, alt, width=760):
    """Print a recorded picture of the chapter."""
    image(f"recorded/{name}.png", alt, width)


def inversion_table():
    """Print rank, PSNR and the update's length for every case of the grid."""
    lines = [
        [
            number,
            case,
            f"{first} of {images}",
            f"{rank:,.0f}",
            f"{decibels:.1f} dB",
            f"{length:.1e}",
        ]
        for number, (case, first, images, rank, decibels, length) in enumerate(
            inversion_summary(), 1
        )
    ]
    header = ["", "the client trained on", "rank 1", "median rank", "median PSNR"]
    table([*header, "length of the update"], lines)


def defences_table():
    """Print what each amount of noise leaves to an attacker, and to the federation."""
    lines = [
        [
            row["noise"],
            f"{int(row['rank']):,}",
            f"{row['labels']} of 50",
            f"{row['digits']} of 10",
            f"{100 * float(row['accuracy']):.1f} %",
        ]
        for row in read_table("defences")
    ]
    header = ["noise z", "rank of the true image", "labels read", "clients whose digits are read"]
    table([*header, "accuracy that is left"], lines)
