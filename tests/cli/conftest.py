"""Command lines, run in this process."""

from __future__ import annotations

import pytest

from pureneuron.cli.main import run


@pytest.fixture
def command(capsys):
    """Run a command line in this process: exit status, standard output, standard error."""

    def call(*arguments):
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def refused(command):
    """Run a command line that must be refused, and return what it says."""

    def call(*arguments):
        status, out, err = command(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("Error: ")
        assert err.count("\n") == 1
        return err

    return call
