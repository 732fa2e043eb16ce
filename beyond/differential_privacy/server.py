"""server.py with a guarantee for clients: updates are clipped, their mean gets noise, epsilon is counted.

python -m beyond.differential_privacy.server --clip 0.5 --target-epsilon 8
"""

import server
from beyond.differential_privacy.options import privacy_options
from beyond.differential_privacy.privacy_record import PrivacyRecord
from beyond.differential_privacy.private_average import PrivateAverage
from model import make_model
from support.command_line import run_command
from support.partitions import partition_settings


def make_strategy(args, model, images, labels):
    """Return the lesson's strategy with private averages; clients are told the clip as well."""
    fedavg = server.make_strategy(args, model, images, labels)
    instructions = fedavg.on_fit_config_fn
    fedavg.on_fit_config_fn = lambda server_round: {**instructions(server_round), "clip": args.clip}
    record = PrivacyRecord(args, partition_settings())
    return PrivateAverage(fedavg, args.clients, args.clip, record, args.noise_seed)


def main(arguments=None, make_strategy=make_strategy, more_options=(), make_model=make_model):
    """Run the command line described above."""
    server.main(arguments, make_strategy, [privacy_options(), *more_options], make_model)


if __name__ == "__main__":
    run_command(main)
