"""Every line of advice is followed, word for word, and helps."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.certificates import DAY, make_certificates
from tests.support.harness import PATIENCE, ROOT
from tests.support.ports import free_address

needs_openssl = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("make")), reason="needs openssl and make"
)


def complaint_of(actor):
    """Return the last line of a command that ends because of a mistake."""
    assert actor.wait() == 2, actor
    return actor.stderr.splitlines()[-1]


def assert_trains(federation, server, *words):
    """Check that the federation's clients find the server and train."""
    clients = [federation.client(number, *words) for number in range(federation.size)]
    server.finish()
    assert [client.wait() for client in clients] == [0] * federation.size


# Numbers


def test_choose_one_of_the_partitions_that_are_there(federation):
    line = complaint_of(federation.client(3))
    assert line.endswith("the partitions there are 0 to 2: choose one of them")
    server = federation.server(rounds=1)
    federation.client(2)
    server.wait_for("^Client 2 joined")


def test_one_client_too_many_is_not_averaged_in_and_the_server_may_be_started_with_more(
    federation, mnist
):
    (federation.directory / "partitions/settings.json").unlink()  # one's own
    server = federation.server("--clients", 2, rounds=1, moment="pause@1")
    for number in range(2):
        federation.client(number)
    server.wait_for("^Client . joined", times=2)
    line = complaint_of(federation.client(2))
    assert line.endswith("refuses: the server has --clients 2: 0 to 1; start it with more")
    federation.release("server")
    assert server.wait() == 0
    assert federation.counts() == [(0, 0, 0), (1, 2, 0)]
    assert_trains(federation, federation.server("--clients", 3, rounds=1))


def test_give_as_many_clients_as_there_are_partitions_or_deal_anew(federation, stage):
    line = complaint_of(federation.server("--clients", 2))
    assert "give --clients 3, or deal anew with python partition.py --clients 2" in line
    federation.server("--clients", 3).wait_for("^Waiting for clients")
    stage.clear()
    dealt = stage.run("partition.py", "--clients", 2, cwd=federation.directory)
    assert dealt.status == 0, dealt
    federation.server("--clients", 2).wait_for("^Waiting for clients")


# Records


@pytest.mark.parametrize("named", ["relative", "absolute", "link", "resume"])
def test_two_servers_in_one_directory_the_second_chooses_another_run(federation, named):
    first = federation.server()
    first.wait_for("^Waiting for clients")
    (federation.directory / "link").symlink_to(federation.run)
    names = {"relative": "./results//run/", "absolute": federation.run, "link": "link"}
    words = ["--run", names.get(named, "results/run"), "--address", free_address()]
    words += ["--resume"] if named == "resume" else []
    second = federation.server(*words, beside=True)
    line = complaint_of(second)
    assert "another server is writing to" in line
    assert line.endswith("stop it, or choose another --run")
    assert federation.counts() == [(0, 0, 0)]
    other = federation.server("--run", "results/other", "--address", free_address())
    other.wait_for("^Waiting for clients")
    first.kill()
    assert_trains(federation, federation.server(rounds=1))


def test_nothing_to_resume_leaves_no_directory_and_a_run_without_resume_begins(federation):
    line = complaint_of(federation.server("--resume"))
    assert line.endswith("no run to resume; start one without --resume")
    assert not (federation.directory / "results").exists()
    assert_trains(federation, federation.server(rounds=1))


def test_a_finished_run_goes_on_with_more_rounds_and_is_not_replaced_in_silence(federation):
    assert_trains(federation, federation.server(rounds=1))
    finished = federation.server("--resume", rounds=1)
    finished.wait_for("has finished 1 rounds; ask for more with --rounds$")
    assert finished.wait() == 0
    assert_trains(federation, federation.server("--resume", rounds=2))
    federation.server(rounds=1).wait_for(
        "^Replacing the run that is in results/run/; --run names another place$"
    )


def test_clients_slower_than_the_round_timeout_are_told_of_it_and_a_longer_one_helps(federation):
    server = federation.server("--round-timeout", 0.5, rounds=1)
    slow = [federation.liar(number, "hold@1") for number in range(3)]
    assert server.wait() == 1
    for number in range(3):
        assert server.found(f"^Round 1: no update from Client {number}; .* --round-timeout$")
    assert "no round had an update" in server.stderr.splitlines()[-1]
    for number, client in enumerate(slow):
        client.kill()
        federation.release(number)
    assert_trains(federation, federation.server("--resume", "--round-timeout", 60, rounds=2))
    assert federation.counts() == [(0, 0, 0), (1, 0, 3), (2, 3, 0)]


# Certificates


def make(directory, *words):
    """Run make with the lesson's Makefile; return the finished process."""
    words = ["make", "-f", ROOT / "Makefile", *words]
    return subprocess.run(
        words, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def certificate_complaint(federation, *server_words):
    """Return what a client says about the certificate of a server, which is stopped again."""
    server = federation.server("--certificates", "certificates", *server_words)
    server.wait_for("^Waiting for clients")
    line = complaint_of(federation.client(0, "--certificates", "certificates"))
    server.kill()
    return line


def assert_new_ones_help(federation, *words):
    """Make the certificates anew and check that the federation trains with them."""
    assert make(federation.directory, "certificates", *words).returncode == 0
    tls = ["--certificates", "certificates"]
    assert_trains(federation, federation.server(*tls, rounds=1), *tls)


@needs_openssl
def test_an_expired_certificate_is_made_anew(federation):
    make_certificates(federation.directory / "certificates", valid_for=-DAY)
    line = complaint_of(federation.server("--certificates", "certificates"))
    assert "expired" in line and line.endswith("make a new certificate with make certificates")
    assert_new_ones_help(federation)


@needs_openssl
def test_a_certificate_for_another_host_is_made_anew_for_this_one(federation):
    make_certificates(federation.directory / "certificates")
    federation.address = federation.address.replace("127.0.0.1", "127.0.0.3")
    line = certificate_complaint(federation)
    assert "make certificates HOSTS=,IP:ADDRESS" in line
    assert_new_ones_help(federation, "HOSTS=,IP:127.0.0.3")


# The set-up

HALF = """#!/bin/sh
# Debian without python3-venv: an environment without pip, and status 1.
if [ "$1 $2" = "-m venv" ]; then mkdir -p .venv/bin && ln -sf {python} .venv/bin/python; exit 1; fi
exec {python} "$@"
"""


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_set_up_that_failed_half_way_is_made_again(tmp_path):
    python = os.path.realpath(sys.executable)
    (tmp_path / "half").write_text(HALF.format(python=python))
    (tmp_path / "half").chmod(0o755)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    assert make(tmp_path, "install", "PYTHON=./half").returncode == 2
    (tmp_path / ".venv/installed").touch()  # as an earlier Makefile has left it
    again = make(tmp_path, "install", f"PYTHON={python}")
    assert again.returncode == 0, again
    assert "-m pip install" in again.stdout
    pip = [tmp_path / ".venv/bin/python", "-m", "pip", "--version"]
    assert subprocess.run(pip, capture_output=True, timeout=PATIENCE).returncode == 0
