"""The guarantee: its figures, read from a recorded federation."""

from beyond.differential_privacy.accountant import (
    noise_multiplier_for,
    signal_to_noise,
    spent_epsilon,
)
from beyond.differential_privacy.privacy_record import read_privacy
from beyond.price.grid import DELTAS
from pages.markdown import percent, table
from pages.page import Page
from support.history import read_history

PAGE = Page("differential_privacy")


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


def adjacency_table():
    """Print what epsilon 8 for adding or removing a client is for replacing one."""
    lines = []
    for clients, delta in DELTAS.items():
        noise = noise_multiplier_for(8.0, 1, delta)
        mu, replace_one = signal_to_noise(noise, 1), spent_epsilon(noise / 2, 1, delta)
        lines.append([f"{clients:,}", f"{delta:g}", "8", f"{replace_one:.1f}", f"{mu:.2f}"])
    header = ["clients", "δ", "ε, add or remove one", "ε, replace one"]
    table([*header, "μ = √rounds / noise multiplier"], lines)
