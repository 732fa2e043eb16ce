"""The guarantee: its figures, read from a recorded federation, and what is wrong with Flower's wrapper."""

from support.history import read_history

from beyond.differential_privacy.accountant import (
    noise_multiplier_for,
    signal_to_noise,
    spent_epsilon,
)
from beyond.differential_privacy.privacy_record import read_privacy
from beyond.price.grid import DELTAS
from pages.markdown import block, percent, table
from pages.page import Page

PAGE = Page("differential_privacy")
WRAPPER = "tests/differential_privacy/test_dp_flower_wrapper.py"
# What Flower 1.41's server-side wrappers do, what ours does, and the test in WRAPPER that shows both.
FAULTS = (
    (
        "Half of the clients fail: the mean is that of the rest, the noise that for all.",
        "The sum is divided by the number of clients, like the noise.",
        "fault_1",
    ),
    (
        "A client counts as much as it claims examples, and moves the mean as far.",
        "Every client weighs 1.",
        "fault_2",
    ),
    (
        "With a server learning rate the step is ten times as long, and the noise, added later, is not.",
        "Any strategy but FedAvg is refused.",
        "fault_3",
    ),
    ("One failure, and the round returns nothing.", "Who is missing counts as zero.", "fault_4"),
    ("An update of zeros ends in a division by zero.", "It stays zero.", "fault_5"),
    ("NaN and infinity are taken as noise and as clip.", "One line, exit status 2.", "fault_6"),
    (
        "Adaptive clipping runs away from its quantile, to nothing or without end.",
        "The clip is a number that you choose.",
        "fault_7",
    ),
)


def figures():
    """Return the figures that sentences quote, as text, by name."""
    last, history = read_privacy(PAGE.recorded)[-1], read_history(PAGE.recorded)
    return {
        "private_epsilon": f"{last.epsilon:.3g}",
        "private_rounds": str(last.round),
        "private_noise": f"{last.noise_multiplier:.3g}",
        "private_std": f"{last.noise_multiplier * last.clip / last.clients_asked:.3g}",
        "private_accuracy": percent(history[-1].accuracy, 1),
    }


def wrapper_table():
    """Print what is wrong with Flower's wrapper, beside ours."""
    header = ["Flower 1.41's wrapper", "ours", f"shown by a test in [`{WRAPPER}`](../../{WRAPPER})"]
    table(header, [[theirs, ours, f"`test_{test}_...`"] for theirs, ours, test in FAULTS])


def adjacency_table():
    """Print what epsilon 8 for adding or removing a client is for replacing one."""
    lines = []
    for clients, delta in DELTAS.items():
        noise = noise_multiplier_for(8.0, 1, delta)
        mu = signal_to_noise(noise, 1)
        replace_one = spent_epsilon(noise / 2, 1, delta)
        lines.append([f"{clients:,}", f"{delta:g}", "8", f"{replace_one:.1f}", f"{mu:.2f}"])
    header = [
        "clients",
        "δ",
        "ε, add or remove one",
        "ε, replace one",
        "μ = √rounds / noise multiplier",
    ]
    table(header, lines)


def privacy_csv():
    """Print the recorded privacy.csv."""
    block("text", (PAGE.recorded / "privacy.csv").read_text(encoding="utf-8").strip())
