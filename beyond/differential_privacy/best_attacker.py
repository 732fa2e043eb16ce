"""What epsilon and delta promise: how often the best possible attacker is right about one client.

    python -m beyond.differential_privacy.best_attacker   # -> results/privacy/best_attacker.png and .csv

The attacker knows all other clients, their updates and the model, and has to say whether one client took
part. Rounds of the Gaussian mechanism are one measurement: a normal number of deviation 1, whose mean is mu
if the client took part and 0 if not (Dong, Roth and Su 2022, arXiv 1905.02383). No attack can do better than
to compare that number with a threshold.
"""

import math
from statistics import NormalDist

from beyond.differential_privacy.accountant import mu_of
from support.command_line import Options, parse_options, run_command
from support.figures import new_figure, save_figure
from support.run_record import make_run_directory
from support.tables import write_table

NORMAL = NormalDist()
EPSILONS = (8, 4, 2, 1)
LINES = ("-", "--", "-.", ":")
DELTAS = (0.01, 0.001, 1e-5)  # a tenth of one in ten, a hundred, ten thousand clients
FEW = 0.01  # of those who were not there are accused
COLUMNS = ("epsilon", "delta", "mu", "auc", "true_positive_rate")


def auc(mu):
    """Return the area under the attacker's ROC curve: how often it tells a client that was there from one
    that was not. 0.5 is guessing.
    """
    return NORMAL.cdf(mu / math.sqrt(2))


def true_positive_rate(mu, false_positive_rate=FEW):
    """Return which part of the clients that took part is found, when so few of the others are accused."""
    return NORMAL.cdf(NORMAL.inv_cdf(false_positive_rate) + mu)


def draw(path):
    """Draw ROC curves, one for each of EPSILONS at the middle delta, into the PNG file `path`."""
    figure, [[axes]] = new_figure(figsize=(5.2, 4.6))
    rates = [number / 500 for number in range(1, 500)]
    for epsilon, line in zip(EPSILONS, LINES, strict=True):
        mu = mu_of(epsilon, DELTAS[1])
        found = [true_positive_rate(mu, rate) for rate in rates]
        label = f"epsilon {epsilon}: AUC {auc(mu):.3f}"
        axes.plot([0, *rates, 1], [0, *found, 1], line, label=label)
    axes.plot([0, 1], [0, 1], color="gray", linewidth=0.8, label="guessing: AUC 0.500")
    axes.set_title(f"The best attacker on one client (delta {DELTAS[1]})")
    axes.set_xlabel("False positives: accused, and not there")
    axes.set_ylabel("True positives: found, of those who were there")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    save_figure(figure, path, option="--output")


def main(arguments=None):
    """Run the command line described above."""
    options = Options()
    options.add_argument(
        "--output", default="results/privacy", help="directory for picture and table"
    )
    output = make_run_directory(parse_options(arguments, [options]).output, option="--output")
    pairs = [(epsilon, delta) for epsilon in EPSILONS for delta in DELTAS]
    rows = []
    for epsilon, delta in pairs:
        mu = mu_of(epsilon, delta)
        rows.append(
            [epsilon, delta, f"{mu:.3f}", f"{auc(mu):.4f}", f"{true_positive_rate(mu):.4f}"]
        )
        print(
            f"epsilon {epsilon}, delta {delta:g}: mu {mu:.2f}, AUC {auc(mu):.3f}, "
            f"finds {true_positive_rate(mu):.0%} of the clients at {FEW:.0%} false positives"
        )
    write_table(output / "best_attacker.csv", COLUMNS, rows)
    draw(output / "best_attacker.png")
    print(f"Wrote {output}/best_attacker.csv and best_attacker.png")


if __name__ == "__main__":
    run_command(main)
