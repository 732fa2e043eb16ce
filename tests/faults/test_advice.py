"""Every line of advice is followed, word for word, and helps."""

import re
import shutil
import subprocess

import pytest

from tests.support.certificates import DAY, make_certificates
from tests.support.harness import PATIENCE, ROOT
from tests.support.ports import free_address

needs_openssl = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("make")), reason="needs openssl and make"
)


# Numbers


def test_one_client_too_many_is_not_averaged_in_and_the_server_may_be_started_with_more(federation):
    (federation.directory / "partitions/settings.json").unlink()  # one's own
    server = federation.server("--clients", 2, rounds=1, moment="pause@1")
    for number in range(2):
        federation.client(number)
    server.wait_for("^Client . joined", times=2)
    line = federation.client(2).complaint()
    assert line.endswith("refuses: the server has --clients 2: 0 to 1; start it with more")
    federation.release("server")
    server.finish()
    assert federation.counts() == [(0, 0, 0), (1, 2, 0)]
    federation.finish(federation.server("--clients", 3, rounds=1))


def test_give_as_many_clients_as_there_are_partitions_or_deal_anew(federation, stage):
    line = federation.server("--clients", 2).complaint()
    assert "give --clients 3, or deal again with python partition.py --clients 2" in line
    stage.clear()
    dealt = stage.run("partition.py", "--clients", 2, cwd=federation.directory)
    assert dealt.status == 0, dealt
    federation.waiting_server("--clients", 2)


# Records


def test_two_servers_in_one_directory_the_second_chooses_another_run(federation):
    first = federation.waiting_server()
    (federation.directory / "link").symlink_to(federation.run)
    second = ["--address", free_address(), "--run"]
    for name in (["./results//run/"], [federation.run], ["link"], ["results/run", "--resume"]):
        line = federation.server(*second, *name, beside=True).complaint()
        assert "another server is writing to" in line
        assert line.endswith("stop it, or choose another --run")
    assert federation.counts() == [(0, 0, 0)]
    federation.waiting_server(*second, "results/other")
    first.kill()
    federation.finish(federation.server(rounds=1))


def test_a_run_begins_without_resume_goes_on_with_it_and_is_not_replaced_in_silence(federation):
    line = federation.server("--resume").complaint()
    assert line.endswith("no run to resume; start one without --resume")
    assert not (federation.directory / "results").exists()
    federation.finish(federation.server(rounds=1))
    federation.finish(federation.server("--resume", rounds=2))
    federation.server(rounds=1).wait_for(
        "^Replacing the run that is in results/run/; --run names another place$"
    )


def test_clients_slower_than_the_round_timeout_are_told_of_it_and_a_longer_one_helps(federation):
    server = federation.server("--round-timeout", 0.5, rounds=1)
    slow = [federation.liar(number, "hold@1") for number in range(3)]
    assert "no round had an update" in server.complaint(status=1)
    for number, client in enumerate(slow):
        assert server.found(f"^Round 1: no update from Client {number}; .* --round-timeout$")
        client.kill()
        federation.release(number)
    federation.finish(federation.server("--resume", "--round-timeout", 60, rounds=2))
    assert federation.counts() == [(0, 0, 0), (1, 0, 3), (2, 3, 0)]


# Certificates and the set-up


def make(directory, *words):
    """Run make with the lesson's Makefile; return the finished process."""
    words = ["make", "-f", ROOT / "Makefile", *words]
    streams = {"capture_output": True, "text": True, "timeout": PATIENCE}
    return subprocess.run(words, cwd=directory, **streams)


CERTIFICATES = {
    "missing": "cannot read .*; make it with make certificates$",
    "expired": "expired.*; .*make a new certificate with make certificates$",
    "for another host": "make certificates HOSTS=,IP:ADDRESS",
}


@needs_openssl
@pytest.mark.parametrize("fault", CERTIFICATES)
def test_certificates_are_made_as_the_line_says(federation, fault):
    tls, hosts = ["--certificates", "certificates"], []
    folder = federation.directory / "certificates"
    if fault != "missing":
        make_certificates(folder, valid_for=-DAY if fault == "expired" else DAY)
    if fault == "for another host":
        hosts = ["HOSTS=,IP:127.0.0.3"]
        federation.address = federation.address.replace("127.0.0.1", "127.0.0.3")
        server = federation.waiting_server(*tls)
        line = federation.client(0, *tls).complaint()
        server.kill()
    else:
        line = federation.server(*tls).complaint()
    assert re.search(CERTIFICATES[fault], line)
    assert make(federation.directory, "certificates", *hosts).returncode == 0
    if fault == "missing":
        keys = [folder / name for name in ("ca.key", "server.key")]
        assert not any(key.stat().st_mode & 0o077 for key in keys)  # the owner alone reads them
    strictly = ["openssl", "verify", "-x509_strict", "-CAfile"]  # as Python checks since 3.13
    subprocess.run([*strictly, folder / "ca.pem", folder / "server.pem"], check=True)
    federation.finish(federation.server(*tls, rounds=1), *tls)


# Debian without python3-venv makes an environment without pip; this one does once the file `whole` is there.
HALF = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; [ -e whole ] && touch "$3/pip" ;;
  "-m pip "*) [ -e .venv/pip ] ;;
esac
"""


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_set_up_that_failed_half_way_is_made_again(tmp_path):
    (tmp_path / "half").write_text(HALF, encoding="utf-8")
    (tmp_path / "half").chmod(0o755)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    assert make(tmp_path, "install", "PYTHON=./half").returncode == 2
    (tmp_path / ".venv/installed").touch()  # as an earlier Makefile has left it
    (tmp_path / "whole").touch()
    again = make(tmp_path, "install", "PYTHON=./half")
    assert again.returncode == 0, again
    assert "-m pip install" in again.stdout and (tmp_path / ".venv/pip").exists()
