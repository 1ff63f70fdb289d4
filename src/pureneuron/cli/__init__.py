"""The command ``pureneuron``, one subcommand a module."""

from pureneuron.cli.main import main

__all__ = ["main"]
