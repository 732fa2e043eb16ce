"""A Flower Server that a real federation needs: with a roll call, checks, a record, and a clean end."""

from contextlib import contextmanager

from flwr.server import Server

from support.command_line import NothingToDo, RunError
from support.events import events_of
from support.machine import make_room_for_connections
from support.partitions import check_number_of_clients
from support.recorded_strategy import RecordedStrategy
from support.roll_call import RollCall
from support.run_record import open_record
from support.signals import end_as_signalled
from support.sound_updates import SoundUpdates, trained_arrays
from support.terminal import RoundReport, prepare_log

PATIENCE_WHEN_RESUMED = 30  # seconds: the clients of an interrupted run are there or lost


@contextmanager
def robust_server(args, strategy, model, make_roll_call=RollCall, has_terminal=True):
    """Yield a Server for `start_server`, and close its clients' connections in the end.

    `args` are server.py's options, `model` gives its arrays their names, `make_roll_call` makes the RollCall;
    without `has_terminal` no progress bar is drawn. Raises UserError if `args.run` cannot be written or
    resumed, NothingToDo if all of its rounds are finished.
    """
    make_room_for_connections(args.clients)
    with robust_strategy(args, strategy, model, has_terminal=has_terminal) as strategy:
        roll_call = roll_call_of(args, args.min_clients, make_roll_call, strategy.tell)
        server = RobustServer(client_manager=roll_call, strategy=strategy)
        server.set_max_workers(args.parallel_clients)
        try:
            yield server
        finally:
            server.client_manager().dismiss()


@contextmanager
def robust_strategy(args, strategy, model, make_sound=SoundUpdates, has_terminal=True):
    """Yield a RecordedStrategy around `strategy`, with what `make_sound` makes of it inside.

    `make_sound` makes the strategy that leaves unsound updates out. Raises what robust_server does.
    """
    prepare_log()
    check_number_of_clients(args.clients)
    with open_record(args, model.state_dict()) as record:
        _check_that_rounds_are_left(args, record.last_round)
        report = RoundReport(args.rounds, has_terminal)
        with events_of(args, record.last_round) as events, report:
            limits = (args.max_examples_per_client, trained_arrays(model))
            sound = make_sound(strategy, *limits, events.tell)
            recorded = RecordedStrategy(sound, record, report, events)
            yield recorded
            if recorded.updates == 0:
                raise RunError(
                    f"no round had an update (see above): the model in {args.run} has learned nothing"
                )
    print(f"The record of this run is in {args.run}/")


def _check_that_rounds_are_left(args, last):
    """Raise NothingToDo if `last`, the last Round on record, is the last that is asked for."""
    if last and last.round >= args.rounds:
        raise NothingToDo(
            f"{args.run} has finished {last.round} rounds; ask for more with --rounds"
        )


def roll_call_of(args, needed, make_roll_call, tell):
    """Return what `make_roll_call` makes of the options `args`; a round waits for `needed` clients."""
    patience = args.patience or (PATIENCE_WHEN_RESUMED if args.resume else None)
    return make_roll_call(args.clients, needed, args.seed, patience, tell)


class RobustServer(Server):
    """Flower's Server with a RollCall and a RecordedStrategy.

    It calls the roll before every round, goes on counting where the record ends, and ends as its signal says.
    """

    def fit(self, num_rounds, timeout):
        """Run the rounds up to `num_rounds`. Raises KeyboardInterrupt on Ctrl-C, SystemExit on SIGTERM."""
        with end_as_signalled():
            result = super().fit(num_rounds - self.strategy.rounds_before, timeout)
            self.client_manager().close()
            return result

    def fit_round(self, server_round, timeout):
        """Wait for enough clients, then run the round under its number in the whole run."""
        number = self.strategy.rounds_before + server_round
        self.client_manager().gather(number, first_round=server_round == 1)
        asked = super().fit_round(number, timeout)
        # Flower leaves out a round in which it asks no client; a private one is released all the same.
        return asked or (*self.strategy.aggregate_fit(number, [], []), ([], []))

    def evaluate_round(self, server_round, timeout):
        """Let clients evaluate under the round's number in the whole run."""
        return super().evaluate_round(self.strategy.rounds_before + server_round, timeout)
