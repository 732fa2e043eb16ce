"""A Flower Server that a real federation needs: with a roll call, a record, and a good end.

Flower's own Server runs the rounds. What is around it here waits aloud for named clients, keeps unsound
updates out, writes every round to disk, goes on with an interrupted run, and ends well when it is stopped.
"""

from contextlib import closing, contextmanager

from flwr.server import Server

from support.command_line import NothingToDo, RunError, UserError
from support.events import events_of
from support.machine import make_room_for_connections
from support.partitions import PARTITIONS, partition_settings
from support.recorded_strategy import RecordedStrategy
from support.roll_call import RollCall
from support.run_record import open_record
from support.signals import end_as_signalled, one_signal_at_a_time
from support.sound_updates import SoundUpdates, trained_arrays
from support.terminal import RoundReport, prepare_log

PATIENCE_WHEN_RESUMED = 30  # seconds: the clients of an interrupted run are there or lost


@contextmanager
def robust_server(args, strategy, model, make_roll_call=RollCall, has_terminal=True):
    """Yield a Server for `start_server`, and hang up on its clients in the end.

    `args` are the options in support/options.py, `model` gives its arrays their names, `make_roll_call` makes
    the RollCall; without `has_terminal` no bar is drawn on the one that we may have. Raises UserError if
    `args.run` cannot be written or resumed, NothingToDo if all of its rounds are finished.
    """
    make_room_for_connections(args.clients)
    recorded = robust_strategy(args, strategy, model, has_terminal=has_terminal)
    with recorded as strategy, one_signal_at_a_time() as signals:
        roll_call = roll_call_of(args, args.min_clients, make_roll_call, strategy.tell)
        server = RobustServer(roll_call, strategy, signals)
        server.set_max_workers(args.parallel_clients)
        try:
            yield server
        finally:
            server.client_manager().dismiss()


@contextmanager
def robust_strategy(args, strategy, model, make_sound=SoundUpdates, has_terminal=True):
    """Yield `strategy` with all that is around it: what checks it, records it, and goes on with a run.

    `make_sound` makes the strategy around it that keeps unsound updates out. Raises what robust_server does.
    """
    prepare_log()
    _check_number_of_clients(args)
    with closing(open_record(args, list(model.state_dict()))) as record:
        _check_that_it_can_go_on(args, record, model)
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


def _check_that_it_can_go_on(args, record, model):
    """Raise UserError if the record is another model's, NothingToDo if its rounds are all finished."""
    if record.last_round is None:
        return
    shapes = [tuple(tensor.shape) for tensor in model.state_dict().values()]
    if [array.shape for array in record.weights] != shapes:
        raise UserError(f"{args.run} holds another model than model.py's; start without --resume")
    if record.last_round.round >= args.rounds:
        raise NothingToDo(
            f"{args.run} has finished {record.last_round.round} rounds; ask for more with --rounds"
        )


def roll_call_of(args, needed, make_roll_call, tell):
    """Return what `make_roll_call` makes of the options `args`; a round waits for `needed` clients."""
    patience = args.patience or (PATIENCE_WHEN_RESUMED if args.resume else None)
    return make_roll_call(args.clients, needed, args.seed, patience, tell)


def _check_number_of_clients(args):
    dealt_to = (partition_settings() or {}).get("clients", args.clients)
    if dealt_to != args.clients:
        raise UserError(
            f"{PARTITIONS}/ is dealt out to {dealt_to} clients; give --clients {dealt_to}, "
            f"or deal anew with python partition.py --clients {args.clients}"
        )


class RobustServer(Server):
    """Flower's Server; it calls the roll before every round, counts on, and ends as its signal says."""

    def __init__(self, clients, strategy, signals):
        """`clients` is a RollCall, `strategy` a RecordedStrategy, `signals` the SignalGate of the block."""
        super().__init__(client_manager=clients, strategy=strategy)
        self.signals = signals

    def fit(self, num_rounds, timeout):
        """Run the rounds up to `num_rounds`. Raises KeyboardInterrupt on Ctrl-C, SystemExit on SIGTERM."""
        with end_as_signalled(self.signals):
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
