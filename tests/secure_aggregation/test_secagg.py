"""Secure aggregation: the sum is right, the server holds nothing else, and those who leave stop nobody."""

import json
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from flwr.client.mod import secaggplus_mod
from flwr.clientapp import ClientApp
from flwr.common import bytes_to_ndarray, ndarray_to_bytes, parameters_to_ndarrays
from flwr.common.secure_aggregation.secaggplus_constants import RECORD_KEY_CONFIGS, Key, Stage
from flwr.compat.common.recorddict_compat import recorddict_to_fitins
from flwr.server.workflow import SecAggPlusWorkflow

from beyond.engine import apps
from beyond.engine.node_client import partition_of
from beyond.engine.packed_messages import packing_mod, unpacked
from beyond.secure_aggregation import app as secagg_app
from beyond.secure_aggregation import curious as secagg_curious
from beyond.secure_aggregation import dropout as secagg_dropout
from beyond.secure_aggregation.curious import read_held
from beyond.secure_aggregation.server import Workflow, groups, make_workflow
from support.command_line import RunError, UserError
from support.tables import read_history
from tests.simulation.app_runs import AppRuns
from tests.support.lesson import instructions, owner, untrained
from tests.support.ports import free_address

SIZES = (60, 25, 40, 33, 50, 42)
LARGEST = 100  # examples that one client may claim: what the integers' scale goes by
# Each client rounds each weight to a step of 16 / 2**22, as multiplied by its part of LARGEST.
STEP = 16 / 2**22


@pytest.fixture
def runs(monkeypatch, mnist, tmp_path):
    return AppRuns(monkeypatch, mnist, tmp_path, SIZES)


def run(runs, serve=secagg_app.run, client_app=secagg_app.client_app, **entries):
    """Run two secure rounds; return (global model, rows of the history, the Nodes)."""
    changes = {"shares": len(SIZES), "max_examples_per_client": LARGEST, **entries}
    model, nodes = runs.run(serve, client_app, **changes)
    return model, read_history(runs.directory / "results/run"), nodes


def clients_in(rows):
    """Return how many clients each round had."""
    return [row.clients for row in rows]


def serve_with(workflow):
    """Return the ServerApp's main function with another class of workflow."""
    return partial(secagg_app.run, make_workflow=partial(make_workflow, kind=workflow))


def app_with(*mods):
    """Return a ClientApp with Flower's mods for secure aggregation and `mods` of a test between them."""
    return ClientApp(client_fn=apps.make_client, mods=[packing_mod, *mods, secaggplus_mod])


def updates_of(runs, weights, server_round, numbers):
    """Return the weights of each client after it has trained on `weights`, with no masks and no engine."""
    config = instructions(server_round, "--batch-size", 8)
    return [owner(runs.directory, number).fit(weights, config)[0] for number in numbers]


def assert_mean(runs, model, numbers, sent=None, server_round=1):
    """Fail if a weight is not the mean of what clients make of `sent`, but for what rounding can explain."""
    updates = updates_of(runs, sent or untrained(), server_round, numbers)
    sizes = [SIZES[number] for number in numbers]
    most = 2 * len(numbers) * STEP / (sum(sizes) / LARGEST)
    assert most < 2e-5
    for array, *arrays in zip(model, *updates, strict=True):
        mean = np.average(arrays, axis=0, weights=sizes)  # in double precision
        np.testing.assert_allclose(array, mean, rtol=0, atol=most)


def flat(arrays):
    """Return all numbers in one array."""
    return np.concatenate([array.ravel() for array in arrays])


def test_the_model_is_the_plain_mean_and_the_server_holds_noise(runs):
    model, rows, _ = run(runs, secagg_curious.server_app._main, rounds=1)
    numbers, sent = range(len(SIZES)), untrained()
    assert_mean(runs, model, numbers)
    assert (rows[1].clients, rows[1].failures) == (6, 0)
    held, updates = read_held("results/run"), updates_of(runs, sent, 1, numbers)
    assert list(held) == list(numbers)
    for arrays in held.values():
        assert min(map(np.min, arrays)) >= 0 and max(map(np.max, arrays)) < 2**32
    masked = flat(array for arrays in held.values() for array in arrays[1:])
    pairs = [pair for update in updates for pair in zip(update, sent, strict=True)]
    true = flat(np.subtract(*pair) for pair in pairs)
    assert abs(np.corrcoef(masked, true)[0, 1]) <= 0.01  # of 280,000 pairs: noise is some 0.002
    assert abs(masked.mean() / 2**31 - 1) < 0.01
    assert np.bitwise_count(masked).mean() == pytest.approx(16, abs=0.05)  # of 32 bits


def test_a_client_that_leaves_in_the_middle_is_done_without(runs):
    app = secagg_dropout.client_app
    model, rows, nodes = run(runs, client_app=app, drop_out=2, shares=5)
    assert [(row.clients, row.failures) for row in rows] == [(0, 0), (6, 0), (5, 1)]
    sent = next(ins for ins in sent_to(nodes) if ins.config["server_round"] == 2)
    weights = parameters_to_ndarrays(sent.parameters)
    assert_mean(runs, model, [0, 1, 3, 4, 5], weights, server_round=2)


def test_whoever_watches_learns_who_takes_part(runs):
    run(runs, rounds=1)
    lines = (runs.directory / "results/run/events.jsonl").read_text(encoding="utf-8").splitlines()
    events = list(map(json.loads, lines))
    joined = [event["client"] for event in events if event["what"] == "joined"]
    assert sorted(joined) == list(range(len(SIZES)))
    assert [event["clients"] for event in events if event["what"] == "averaged"] == [len(SIZES)]


def sent_to(nodes):
    """Return the instructions that nodes were sent with weights."""
    contents = [unpacked(message.content) for message, _ in nodes.passed if message.has_content()]
    return [recorddict_to_fitins(content, True) for content in contents if content.array_records]


def test_a_run_that_goes_on_has_clients_train_with_another_seed(runs, capfd):
    """It may repeat a round with other members; see the chapter's page."""
    first = run(runs, rounds=1)[2]
    # New nodes with nothing in their Context, as in every new run of Flower's.
    second = run(runs, rounds=2, resume=True)[2]
    app = app_with(leave(Stage.SETUP, {1, 2}, {"3"}))
    _, rows, third = run(runs, client_app=app, rounds=4, resume=True)
    seeds = [{ins.config["seed"] for ins in sent_to(nodes)} for nodes in (first, second, third)]
    assert seeds[0] == {0} and len(set.union(*seeds)) == 3
    record = json.loads((runs.directory / "results/run/run.json").read_text(encoding="utf-8"))
    assert record["settings"]["seed"] == 0
    assert "Round 3: too few clients are left" in capfd.readouterr().out
    assert clients_in(rows) == [0, 6, 6, 0, 6]


def leave(stage, numbers, rounds=("1", "2")):
    """Return a mod by which these clients fail at a stage of the protocol, in these rounds."""

    def mod(message, context, call_next):
        configs = message.content.config_records.get(RECORD_KEY_CONFIGS, {})
        is_now = message.metadata.group_id in rounds and configs.get(Key.STAGE) == stage
        if is_now and partition_of(context.node_config) in numbers:
            raise ConnectionError("gone")
        return call_next(message, context)

    return mod


@pytest.mark.parametrize(
    "stage, shares",
    [(Stage.SETUP, 6), (Stage.SETUP, 5), (Stage.SHARE_KEYS, 6), (Stage.UNMASK, 6)],
)
def test_a_client_may_leave_at_any_stage(runs, stage, shares):
    app = app_with(leave(stage, {4}))
    model, rows, _ = run(runs, client_app=app, rounds=1, shares=shares)
    numbers = [number for number in range(len(SIZES)) if number != 4 or stage == Stage.UNMASK]
    assert clients_in(rows) == [0, len(numbers)]
    assert_mean(runs, model, numbers)


@pytest.mark.parametrize("stage", [Stage.SETUP, Stage.SHARE_KEYS])
def test_flowers_own_workflow_loses_a_round_that_somebody_leaves_early(runs, stage):
    with pytest.raises(RunError, match="no round had an update"):
        run(runs, serve_with(SecAggPlusWorkflow), app_with(leave(stage, {4})), rounds=1)


@pytest.mark.parametrize(
    "stage, numbers, shares",
    [
        *((stage, {1, 2, 4}, 6) for stage in Stage.all()),
        # Those who stay would have two keys between them and the server.
        (Stage.COLLECT_MASKED_VECTORS, {1, 2}, 5),
    ],
)
def test_a_round_that_too_many_leave_is_lost_and_told(runs, capfd, stage, numbers, shares):
    app = app_with(leave(stage, numbers, {"1"}))
    _, rows, _ = run(runs, client_app=app, shares=shares)
    line = "Round 1: too few clients are left in a group; the model stays as it was"
    assert capfd.readouterr().out.count(line) == 1
    assert clients_in(rows) == [0, 0, 6]


def spoil(change):
    """Return a mod by which client 3 changes its reply by `change(reply, configs)`."""

    def mod(message, context, call_next):
        reply = call_next(message, context)
        if partition_of(context.node_config) == 3:
            change(reply, reply.content.config_records.get(RECORD_KEY_CONFIGS, {}))
        return reply

    return mod


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # Flower's, of the NaN
@pytest.mark.parametrize("factor", [1e6, np.nan])
def test_one_absurd_update_spoils_the_round_and_not_the_model(runs, capfd, factor):
    def blow_up(reply, configs):
        for record in reply.content.array_records.values():
            for name, array in record.items():
                record[name] = type(array)(array.numpy() * np.float32(factor))

    unmasked = [packing_mod, secaggplus_mod, spoil(blow_up)]
    with pytest.raises(RunError, match="no round had an update"):
        run(runs, client_app=ClientApp(client_fn=apps.make_client, mods=unmasked), rounds=1)
    assert "Round 1: the average lies" in capfd.readouterr().out


MASKS = {
    "another model": lambda masked: masked[:-1],
    "nothing": lambda masked: [b"", *masked[1:]],
    "no archive": lambda masked: [b"PK\x03\x04 no archive", *masked[1:]],
    "no array": lambda masked: [b"\x93NUMPY", *masked[1:]],
    "floats": lambda masked: [ndarray_to_bytes(bytes_to_ndarray(one) * 1.0) for one in masked],
}


@pytest.mark.parametrize("change", MASKS.values(), ids=MASKS)
def test_who_masks_what_is_no_model_is_left_out_by_name(runs, capfd, change):
    def mask(reply, configs):
        if Key.MASKED_PARAMETERS in configs:
            configs[Key.MASKED_PARAMETERS] = change(configs[Key.MASKED_PARAMETERS])

    model, rows, _ = run(runs, client_app=app_with(spoil(mask)), rounds=1)
    assert "Left out what Client 3 has masked" in capfd.readouterr().out
    assert clients_in(rows) == [0, 5]
    assert_mean(runs, model, [0, 1, 2, 4, 5])


@pytest.mark.parametrize("key, nonsense", [(Key.PUBLIC_KEY_1, None), (Key.PUBLIC_KEY_2, b"x")])
def test_bad_keys_cost_the_round_and_not_the_run(runs, capfd, key, nonsense):
    def change(reply, configs):
        if key in configs and reply.metadata.group_id == "1":
            del configs[key]
            if nonsense is not None:
                configs[key] = nonsense

    _, rows, _ = run(runs, client_app=app_with(spoil(change)))
    assert "Round 1: " in capfd.readouterr().out
    assert clients_in(rows) == [0, 0, 6]


class Liar:
    """Passes messages on to `grid`, changes those of one stage by `lie`, and keeps what it is told."""

    def __init__(self, grid, stage, lie, told):
        self.grid, self.stage, self.lie, self.told = grid, stage, lie, told

    def send_and_receive(self, messages, *, timeout=None):
        messages = list(messages)
        asked = [message.content.config_records[RECORD_KEY_CONFIGS] for message in messages]
        if asked[0][Key.STAGE] != self.stage:
            return self.grid.send_and_receive(messages, timeout=timeout)
        for message, record in zip(messages, asked, strict=True):
            self.lie(record, message.metadata.dst_node_id)
        self.told += self.grid.send_and_receive(messages, timeout=timeout)
        return list(self.told)


def ask_for_both(asked, node):
    """Name one node as there and as gone."""
    asked[Key.DEAD_NODE_ID_LIST] = asked[Key.ACTIVE_NODE_ID_LIST][:1]


def ask_for_few(asked, node):
    """Let half of the shares open a secret."""
    asked[Key.THRESHOLD] = asked[Key.SHARE_NUMBER] // 2


def name_few_often(asked, node):
    """Give the keys of four nodes under the names of six."""
    others = [name for name in asked if name not in (Key.STAGE, str(node))]
    for name in others[3:]:
        del asked[name]
    for name in others[:2]:
        asked[f"0{name}"] = asked[name]


LIES = {  # one of each stage: test_careful_client.py has all that can be asked
    Stage.SETUP: ask_for_few,
    Stage.SHARE_KEYS: name_few_often,
    Stage.UNMASK: ask_for_both,
}


@pytest.mark.parametrize("stage", LIES)
@pytest.mark.parametrize("are_careful", [True, False])
def test_a_server_that_lies_is_answered_by_flowers_clients_and_not_by_ours(
    runs, stage, are_careful
):
    told = []

    class LyingWorkflow(Workflow):
        def __call__(self, grid, context):
            super().__call__(Liar(grid, stage, LIES[stage], told), context)

    app = secagg_app.client_app if are_careful else app_with()
    with suppress(RunError):  # what comes out of it is not the question
        run(runs, serve_with(LyingWorkflow), app, rounds=1)
    assert [reply.has_error() for reply in told] == [are_careful] * len(SIZES)


@pytest.mark.parametrize("nodes, shares", [(12, 5), (11, 5), (7, 7), (6, 6), (5, 6)])
def test_a_group_is_a_node_and_as_many_on_either_side(nodes, shares):
    ring = [10 * node for node in range(nodes)]
    made = groups(ring, shares)
    assert list(made) == ring
    for place, (node, group) in enumerate(made.items()):
        distance = [min((place - other) % nodes, (other - place) % nodes) for other in range(nodes)]
        assert group == {ring[other] for other in range(nodes) if distance[other] <= shares // 2}
        assert node in group and all(node in made[other] for other in group)
        assert len(group) == min(nodes, shares)


def test_a_count_that_is_a_lie_costs_the_round(runs, capfd):
    with pytest.raises(RunError, match="no round had an update"):
        run(runs, max_examples_per_client=59, rounds=1)
    assert "Client 0 claims 60 examples, more than the 59 allowed" in capfd.readouterr().out


@pytest.mark.parametrize(
    "entries, complaint",
    [
        ({"shares": 4}, "--shares 4 leaves masks that can be searched for; give 5 or more"),
        ({"shares": 7}, "--shares 7 is more than --clients 6; lower it"),
        ({"clients": 4}, "secure aggregation is for 5 to 1,024 clients; change --clients 4"),
        ({"chapter": "heterogeneity"}, "secure aggregation hides from the server"),
    ],
)
def test_a_run_config_that_hides_nothing_is_refused(runs, entries, complaint):
    with pytest.raises(UserError, match=complaint):
        run(runs, **entries)
    assert not (runs.directory / "results").exists()


@pytest.mark.parametrize(
    "words", ["--shares 4", "--shares 8", "--clients 4", "--drop-out 10", "--drop-out 2 --curious"]
)
def test_options_that_do_not_go_together_are_refused_in_one_line(refuses_here, words):
    words = words.split()
    assert words[0] in refuses_here("beyond.secure_aggregation.federation", *words)


@pytest.mark.parametrize(
    ("min_clients", "shares", "needed"), [(2, 5, 5), (7, 5, 7), (2, 12, 7), (1, 24, 13)]
)
def test_a_round_needs_enough_to_hide_among_and_to_open_the_sum(min_clients, shares, needed):
    args = SimpleNamespace(min_clients=min_clients, shares=shares)
    assert secagg_app.needed_clients(args) == needed


@pytest.mark.thorough
@pytest.mark.timeout(400)
@pytest.mark.parametrize("where", ["federation", "deployment"])
def test_both_engines_survive_a_client_that_leaves(make_place, where):
    place = make_place(SIZES, 200)
    words = ["--clients", len(SIZES), "--rounds", 3, "--drop-out", 2, "--run", "results/gone"]
    words += ["--max-examples-per-client", LARGEST]
    words += ["--address", free_address()] if where == "deployment" else []
    output = place.run_watched(
        "-m", f"beyond.secure_aggregation.{where}", *words, moment="^Round  1"
    )
    assert "Round 2: no update from Client 2; " in output
    assert clients_in(read_history(place.directory / "results/gone")) == [0, 6, 5, 6]
