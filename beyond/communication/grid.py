"""The runs to compare: declared here, made by compare.py."""

from dataclasses import dataclass

from beyond.heterogeneity.baselines import LEARNING_RATES
from beyond.heterogeneity.results import SCHEMES, STRATEGIES

# The options of baselines.py: with its own learning rates, and with the lesson's.
BASELINES = {
    "pooled": ["pooled", "--learning-rate", str(LEARNING_RATES["pooled"])],
    "alone": ["alone", "--learning-rate", str(LEARNING_RATES["alone"])],
    "pooled_0.05": ["pooled", "--learning-rate", "0.05"],
}
# (local epochs E, fraction of the clients C): after how many rounds we stop. E = 1, C = 1 is FedAvg among the
# strategies.
WORK = {(1, 0.2): 20, (5, 0.2): 8, (5, 1.0): 3}
WORK_SCHEMES = ("iid", "shards")
FULL_ROUNDS = 10


@dataclass(frozen=True)
class Run:
    """One federation, or one baseline. `method` is one of STRATEGIES or BASELINES."""

    part: str  # "strategies", "baselines" or "work"
    scheme: str
    method: str
    seed: int
    rounds: int
    local_epochs: int = 1
    fraction_fit: float = 1.0

    @property
    def name(self):
        """The run's directory: PART/SCHEME/METHOD/seed_N."""
        method = self.method
        if self.part == "work":
            method = f"E{self.local_epochs}_C{self.fraction_fit:g}"
        return f"{self.part}/{self.scheme}/{method}/seed_{self.seed}"

    @property
    def passes(self):
        """How many times the run goes over all images."""
        return self.rounds * self.local_epochs * self.fraction_fit

    def partition_words(self, clients):
        """Return the options that say how the images are dealt out."""
        return ["--clients", str(clients), "--seed", str(self.seed), *SCHEMES[self.scheme]]

    @property
    def is_baseline(self):
        """Whether baselines.py makes it, not a federation."""
        return self.method in BASELINES

    def training_words(self):
        """Return the options that say what happens in a round, for federation.py or baselines.py."""
        common = {"--rounds": self.rounds, "--local-epochs": self.local_epochs}
        if self.is_baseline:
            own = BASELINES[self.method]
        else:
            common |= {"--fraction-fit": self.fraction_fit, "--strategy": self.method}
            own = STRATEGIES[self.method]
        words = [word for pair in common.items() for word in pair]
        return [*own, *map(str, words), "--client-evaluation"]


def grid(seeds, rounds):
    """Return all Runs with the seeds 0 to `seeds` - 1, in an order that seldom deals the images out again.

    `rounds` is the number for the strategies; the other runs have theirs in proportion.
    """
    runs = []
    for scheme in SCHEMES:
        for seed in range(seeds):
            runs += [Run("strategies", scheme, method, seed, rounds) for method in STRATEGIES]
            # Pooled training has all images, however they were dealt out: IID stands for all.
            baselines = BASELINES if scheme == "iid" else ["alone"]
            runs += [Run("baselines", scheme, method, seed, rounds) for method in baselines]
            if scheme in WORK_SCHEMES:
                runs += [
                    Run("work", scheme, "FedAvg", seed, max(1, stop * rounds // FULL_ROUNDS), *work)
                    for work, stop in WORK.items()
                ]
    return runs
