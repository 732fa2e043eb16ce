"""The picture of who has which digits."""


def test_the_command_draws_how_it_deals_out(repository_copy, stage, tmp_path):
    words = ["--clients", 5, "--scheme", "dirichlet", "--alpha", 0.2, "--plot", "who.png"]
    finished = stage.run(repository_copy / "partition.py", *words, cwd=tmp_path)
    assert finished.status == 0, finished
    assert (tmp_path / "who.png").read_bytes().startswith(b"\x89PNG")
