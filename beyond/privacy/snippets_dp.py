"""What the sections on the guarantee and the price call: each function prints Markdown."""

import functools
import statistics

from beyond.privacy.accountant import noise_multiplier_for, signal_to_noise, spent_epsilon
from beyond.privacy.price import COLUMNS
from beyond.privacy.price_grid import DELTAS, EPSILONS, SCHEMES
from beyond.privacy.price_record import read_table
from beyond.privacy.price_search import COLUMNS as SEARCH_COLUMNS
from beyond.privacy.price_search import TABLE
from beyond.privacy.privacy_record import read_privacy
from beyond.privacy.record_dp import FOLDER, REAL_COLUMNS
from tools.snippets import image, percent, say, table, transcript
from tools.terminals import ROOT

NAMES = {"shards": "two digits a client", "iid": "IID"}
WEIGHTS = (1_290, 3_930, 46_730)  # of the small networks, and of the lesson's CNN
WRAPPER = "tests/privacy/test_dp_flower_wrapper.py"
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


@functools.cache
def rows():
    """Return the recorded lines of price.csv."""
    return read_table(FOLDER / "price.csv", COLUMNS)


def found(clients, scheme, epsilon=8.0, network="edges", privacy="central"):
    """Return the accuracies of all seeds at a point."""
    wanted = {
        "clients": clients,
        "scheme": scheme,
        "epsilon": epsilon,
        "network": network,
        "privacy": privacy,
    }
    return [row["accuracy"] for row in rows() if wanted.items() <= row.items()]


def spread(fractions):
    """Return the mean of accuracies and their range as text: "95.1 % (94.8 to 95.3)"."""
    low, high = (f"{100 * end(fractions):.1f}" for end in (min, max))
    return f"{percent(statistics.mean(fractions), 1)} ({low} to {high})"


def mean_of(*where, **named):
    """Return the mean of the accuracies at a point (see `found`) as text."""
    return percent(statistics.mean(found(*where, **named)), 1)


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


@functools.cache
def ratio(clients, weights):
    """Return how long the noise is beside all updates, at epsilon 8, as text."""
    mu = signal_to_noise(noise_multiplier_for(8.0, 1, DELTAS[clients]), 1)
    return f"{weights**0.5 / mu / clients:.2g}"


def noise_table():
    """Print how long the noise is beside all updates: sqrt(weights) / (mu * clients), at epsilon 8."""
    lines = []
    for clients, delta in DELTAS.items():
        ratios = [ratio(clients, weights) for weights in WEIGHTS]
        lines.append([f"{clients:,}", f"{delta:g}", *ratios])
    table(["clients", "δ", "1,290 weights", "3,930 weights", "the lesson's CNN: 46,730"], lines)


def privacy_csv():
    """Print the recorded privacy.csv."""
    transcript((FOLDER / "dp_privacy.csv").relative_to(FOLDER.parents[2]))


def price_table():
    """Print accuracy against epsilon for each number of clients and way of dealing out."""
    lines = []
    for clients, delta in DELTAS.items():
        for scheme in SCHEMES:
            cells = [spread(found(clients, scheme, epsilon)) for epsilon in EPSILONS]
            lines.append([f"{clients:,}", f"{delta:g}", NAMES[scheme], *cells])
    table(["clients", "δ", "dealt out", *(f"ε = {epsilon:g}" for epsilon in EPSILONS)], lines)


def failures_table():
    """Print what does not work at epsilon 8: the lesson's network, and local noise."""
    lines = []
    for clients in DELTAS:
        for scheme in SCHEMES:
            cnn = found(clients, scheme, network="cnn")
            cells = [found(clients, scheme), found(clients, scheme, privacy="local")]
            shown = [spread(cells[0]), spread(cnn) if cnn else "not measured", spread(cells[1])]
            lines.append([f"{clients:,}", NAMES[scheme], *shown])
    small, cnn = "edges and one layer, noise on the sum", "the lesson's CNN, noise on the sum"
    local = "edges and one layer, noise at every client"
    table(["clients", "dealt out", small, cnn, local], lines)


def real_table():
    """Print what real processes came to beside price.py."""
    lines = [
        [
            row["clients"],
            NAMES[row["scheme"]],
            *(percent(row[name]) for name in ("processes", "price")),
        ]
        for row in read_table(FOLDER / "price_real.csv", REAL_COLUMNS)
    ]
    table(["clients", "dealt out", "a federation with real processes", "price.py"], lines)


def facts():
    """Return the figures that sentences quote, as text, by name."""
    last = read_privacy(FOLDER, "dp_privacy.csv")[-1]
    history = (FOLDER / "dp_history.csv").read_text().splitlines()
    known = {
        "private_epsilon": f"{last.epsilon:.3g}",
        "private_rounds": str(last.round),
        "private_noise": f"{last.noise_multiplier:.3g}",
        "private_std": f"{last.noise_multiplier * last.clip / last.clients_asked:.3g}",
        "private_accuracy": percent(float(history[-1].split(",")[2]), 1),
    }
    return known | price_facts()


def price_facts():
    """Return the figures of the price: how much was tried, and the mean accuracy of every point."""
    known = {
        "trials": str(len(read_table(TABLE, SEARCH_COLUMNS))),
        "cpu_minutes": f"{sum(row['seconds'] for row in rows()) / 60:.0f}",
        "points": str(len(rows())),
        "lesson_accuracy": percent(lesson_accuracy(), 1),
    }
    known |= {f"ratio_10_{weights}": ratio(10, weights) for weights in WEIGHTS}
    for clients in DELTAS:
        known[f"cnn_{clients}"] = mean_of(clients, "iid", network="cnn")
        for scheme in SCHEMES:
            known[f"local_{scheme}_{clients}"] = mean_of(clients, scheme, privacy="local")
            for epsilon in EPSILONS:
                known[f"{scheme}_{clients}_{epsilon:g}"] = mean_of(clients, scheme, epsilon)
    return known


def lesson_accuracy():
    """Return the last accuracy of the lesson's recorded run, a fraction."""
    last = (ROOT / "recorded/lesson/history.csv").read_text().splitlines()[-1]
    return float(last.split(",")[2])


def local_row():
    """Print the line about local DP in the table of threats."""
    price = (
        "still more accuracy: with a thousand clients, IID data and ε = 8, {local_iid_1000} is left, "
        "where noise on the sum leaves {iid_1000_8}"
    )
    cells = [
        "a malicious server sends weights made to leak",
        "noise that the clients add themselves",
        "[local DP](#what-does-not-work)",
        price.format(**price_facts()),
    ]
    print(f"| {' | '.join(cells)} |")


def tell_dp(text):
    """Print a paragraph with the figures of these two sections in it."""
    say(text, facts())


def price_chart():
    """Print the picture of the price."""
    image(
        "recorded/price.png",
        """Two charts of test accuracy against epsilon 1, 2, 4 and 8, on the left with two digits a client,
        on the right with IID data. A thousand clients lie highest, a hundred below them and falling faster
        towards small epsilon, ten far below. Single marks at epsilon 8, IID: the lesson's CNN lies below the
        small network for every number of clients, and noise added by every client itself lies lowest.""",
    )
