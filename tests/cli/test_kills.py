"""``pureneuron fit --checkpoint``: killed as a process, refused in a line."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from test_cli import K, columns

from command_line import process
from pureneuron.samples import write_table


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.parquet"
    write_table(path, columns(20_000, noise=0.3))
    return path


def n_kept(checkpoint):
    return len(list(checkpoint.glob("pass-*")))


def json_of(done):
    assert done.returncode == 0, done.stderr
    # Seconds are not the same twice.
    return done.stdout.split('"stages"')[0]


def test_a_fit_that_is_killed_goes_on_and_ends_with_the_same_network(samples, tmp_path):
    arguments = ["fit", samples, "-k", K, "--json"]
    expected = json_of(process(*arguments))
    checkpoint = tmp_path / "checkpoint"
    command = [sys.executable, "-m", "pureneuron", *map(str, arguments)]
    rng = np.random.default_rng(0)
    before = 0
    # A random moment after so many passes more: early ones, and late ones.
    for more in (1, 4, 9):
        options = ["--checkpoint", str(checkpoint)]
        with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as running:
            while running.poll() is None and n_kept(checkpoint) < before + more:
                time.sleep(0.001)
            time.sleep(rng.uniform(0.0, 0.01))
            running.kill()
        before = n_kept(checkpoint)
    assert json_of(process(*arguments, "--checkpoint", checkpoint)) == expected
    assert not list(checkpoint.glob(".*.part"))
    # Now that it is finished it is at hand.
    assert json_of(process(*arguments, "--checkpoint", checkpoint)) == expected


def test_another_fit_is_refused_in_the_words_of_the_command_line(
    samples, tmp_path, command, refused
):
    checkpoint = tmp_path / "checkpoint"
    assert command("fit", samples, "-k", K, "--checkpoint", checkpoint, "--quiet")[0] == 0
    said = refused("fit", samples, "-k", K, "--hidden-bias", "--checkpoint", checkpoint)
    assert f"{checkpoint} is the checkpoint of another run" in said
    assert "--hidden-bias was False and is True now" in said


def test_a_folder_that_is_a_file_is_refused(samples, refused):
    assert "is a file" in refused("fit", samples, "--checkpoint", samples)
