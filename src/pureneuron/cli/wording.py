"""What the library says, in the words of the command line: ``--max-iter`` for ``max_iter``.

The library speaks of arguments in one form only: by name where the name has an underscore, and with
a value in others (``init='random'``). How an argument is called here is read off the options of
``pureneuron fit`` and ``pureneuron identify``.

Only texts about arguments are put in other words. Paths and column names are the user's own, and
come back as they are.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from pureneuron.samples import UnclearColumns

__all__ = ["in_options", "request_in_options", "telling_options"]

_ARGUMENT = re.compile(
    r"""(?<![\w'"./\\-])(?P<name>[a-z]\w*)(?:=(?P<value>'[^']*'|[\w.+-]*\w))?(?![\w'"/\\(=]|\.\w)"""
)
# What is no option here: the weights are a column of the file, and so many are its rows.
_OTHERS = {"sample_weight": "weight", "n_samples": "n"}


def in_options(text: str) -> str:
    """Return ``text`` with options in the place of arguments."""
    return _ARGUMENT.sub(_replaced, text)


def request_in_options(error: UnclearColumns) -> str:
    """Return the message with the option that settles which columns are meant."""
    return error.said(f"--{error.role} {shlex.quote(error.example)}")


@contextmanager
def telling_options() -> Iterator[None]:
    """Put what is wrong with arguments in other words: for calls that read no file.

    Raises
    ------
    ValueError
        For each that is raised within.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(in_options(str(error))) from error


def _replaced(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    if value is None and "_" not in name:
        return found[0]
    option = _options().get(name)
    if option is None:
        return _OTHERS.get(name, found[0]) if value is None else found[0]
    spelling = max(option.opts, key=len)
    if value is None:
        return spelling
    if value in ("True", "False"):
        given = option.flag_value if isinstance(option.flag_value, bool) else True
        return spelling if value == str(given) else f"no {spelling}"
    if value.isidentifier():
        return f"in Python: {found[0]}"  # A variable: nothing that an option could take.
    return f"{spelling} {value.strip(chr(39))}"


@cache
def _options() -> dict[str, click.Option]:
    # Imported late: these commands print in these words themselves.
    from pureneuron.cli.fit import fit
    from pureneuron.cli.identify import identify

    options = [each for each in (*identify.params, *fit.params) if isinstance(each, click.Option)]
    return {each.name: each for each in options if each.name}
