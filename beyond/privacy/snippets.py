"""What the first half of chapter 7's page calls: each function prints Markdown."""

from beyond.privacy.figures import facts, inversion_summary, read_table
from tools.snippets import image, say, table


def tell(text):
    """Print a paragraph with the chapter's figures in it."""
    say(text, facts())


def chart(name, alt, width=760):
    """Print a recorded picture of the chapter."""
    image(f"recorded/{name}.png", alt, width)


def teaser():
    """Print what the lesson says about this chapter: two sentences, one picture."""
    tell(
        """**Is it private?** [Chapter 7](beyond/privacy/README.md) listens in on a federation and accounts
        for every byte. Then it reads what weights tell: which digits a client owns, exactly for
        {digits_shards} of 10 clients, and the very image, if a client trains on one."""
    )
    image(
        "beyond/privacy/recorded/digits.png",
        """Three charts of ten clients by ten digits: dots are what a client owns, squares what was read off
        its update. Shards: a square around every dot. Dirichlet 0.5: around all but a few tiny dots. IID:
        every client owns every digit.""",
    )


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
            f"{float(row['median_rank']):,.0f}",
            f"{int(row['least_rank']):,}",
            f"{row['labels']} of 50",
            f"{row['digits']} of 10",
            f"{100 * float(row['accuracy']):.1f} %",
        ]
        for row in read_table("defences")
    ]
    header = ["noise z", "median rank, of three", "best rank", "labels read"]
    table([*header, "clients whose digits are read", "accuracy that is left"], lines)
