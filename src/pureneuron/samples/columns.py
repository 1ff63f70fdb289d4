"""Which columns of a file are meant: natural order, patterns, slices."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from pureneuron.typing import AnyArray

__all__ = [
    "Table",
    "abbreviated",
    "default_columns",
    "misspelt_columns",
    "natural_order",
    "select_column",
    "select_columns",
]

_SLICE = re.compile(r"(\d*):(\d*)")
_LISTED = 8


class Table(Protocol):
    """Named columns of numbers in a file.

    Attributes
    ----------
    path : Path
        The file, for messages.
    names : tuple of str
        Column names as they stand in the file; ``0``, ``1`` … where the file has none.
    named : bool
        Whether the file names its columns.
    weight : str or None
        The column that holds sample weights by the convention of the format.
    """

    path: Path
    names: tuple[str, ...]
    named: bool
    weight: str | None

    def read(self, names: Sequence[str]) -> AnyArray:
        """Return the columns ``names`` as an (n, p) array.

        It is float32 if all of them are, float64 otherwise; missing values are NaN.
        """
        ...

    def read_labels(self, name: str) -> AnyArray:
        """Return the column ``name`` as it is, numbers or text, as an (n,) array."""
        ...


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which x2 comes before x10."""
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def abbreviated(names: Sequence[str]) -> str:
    """List the first few names and say how many there are."""
    shown = ", ".join(names[:_LISTED]) or "none"
    return shown if len(names) <= _LISTED else f"{shown}, … ({len(names)} in all)"


def default_columns(table: Table, letter: str, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return the columns named ``letter`` and a number, in natural order, but none ``taken``."""
    names = (name for name in table.names if name not in taken)
    matches = (name for name in names if re.fullmatch(rf"{letter}\d+", name, re.ASCII))
    return tuple(sorted(matches, key=natural_order))


def misspelt_columns(table: Table, letter: str, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return the columns named ``letter`` and a number but for their case, or blanks around."""
    pattern = re.compile(rf"\s*{letter}\d+\s*", re.ASCII | re.IGNORECASE)
    known = {*default_columns(table, letter), *taken}
    return tuple(name for name in table.names if pattern.fullmatch(name) and name not in known)


def select_columns(table: Table, wanted: str | Sequence[str], role: str) -> tuple[str, ...]:
    """Return the columns that ``wanted`` means, each once, in the order asked for.

    Parameters
    ----------
    table : Table
        Where to look.
    wanted : str or sequence of str
        Column names, patterns such as ``stim_*`` (matches in natural order) or slices by position
        such as ``0:64``; a string may hold several, separated by commas.
    role : str
        The argument, ``"inputs"`` for instance, for messages.

    Raises
    ------
    ValueError
        If an item matches no column or a slice reaches beyond the last.
    """
    items = wanted.split(",") if isinstance(wanted, str) else [str(item) for item in wanted]
    chosen = [name for item in items for name in _matches(table, item.strip(), role)]
    if not chosen:
        raise ValueError(f"{role} names no column of {table.path}")
    return tuple(dict.fromkeys(chosen))


def select_column(table: Table, wanted: str, role: str) -> str:
    """Return the one column that ``wanted`` means.

    Raises
    ------
    ValueError
        As :func:`select_columns`, and if it means several.
    """
    chosen = select_columns(table, wanted, role)
    if len(chosen) > 1:
        raise ValueError(
            f"{role}={wanted!r} means {len(chosen)} columns of {table.path}: one is expected"
        )
    return chosen[0]


def _matches(table: Table, item: str, role: str) -> list[str]:
    if item in table.names:
        return [item]
    count = len(table.names)
    if bounds := _SLICE.fullmatch(item):
        start, stop = int(bounds[1] or 0), int(bounds[2] or count)
        if not start < stop <= count:
            raise ValueError(
                f"{role}={item!r} does not fit {table.path}, which has {count} columns"
            )
        return list(table.names[start:stop])
    matches = sorted((n for n in table.names if fnmatchcase(n, item)), key=natural_order)
    if not matches:
        raise ValueError(
            f"{table.path} has no column that matches {item!r}, asked for as {role}; "
            f"its columns are {abbreviated(table.names)}"
        )
    return matches
