"""server.py with a learning rate that shrinks from round to round."""

import server
from beyond.toy.options import toy_options
from support.command_line import run_command


def make_strategy(args, model, images, labels):
    """Return the lesson's strategy with other instructions for the clients."""
    strategy = server.make_strategy(args, model, images, labels)
    lesson = strategy.on_fit_config_fn

    def instructions(server_round):
        config = lesson(server_round)
        rate = config["learning_rate"] * args.decay ** (server_round - 1)
        return {**config, "learning_rate": rate}

    strategy.on_fit_config_fn = instructions
    return strategy


def main(arguments=None):
    """Run server.py's command line with another strategy and its options."""
    server.main(arguments, make_strategy, [toy_options()])


if __name__ == "__main__":
    run_command(main)
