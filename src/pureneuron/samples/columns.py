"""Which columns of a file are meant: by convention, by name, by pattern or by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from pureneuron.samples.listing import abbreviated, families, natural_order, pattern_of
from pureneuron.typing import AnyArray

__all__ = [
    "Table",
    "UnclearColumns",
    "default_columns",
    "example_request",
    "misspelt_columns",
    "select_column",
    "select_columns",
    "spelt_alike",
]

_SLICE = re.compile(r"(\d*):(\d*)")


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


class UnclearColumns(ValueError):
    """A file leaves open which columns are meant, and its reader has to say so.

    Each user is told in the words of their own: Python has arguments, the command line options.

    Attributes
    ----------
    found : str
        What the file holds, and what to do.
    role : str
        The argument that settles it, ``"inputs"`` for instance.
    example : str
        A value of it.
    """

    def __init__(self, found: str, role: str, example: str) -> None:
        super().__init__(found, role, example)
        self.found, self.role, self.example = found, role, example

    def __str__(self) -> str:
        return self.said(f"{self.role}={self.example!r}")

    def said(self, request: str) -> str:
        """Return the message with ``request`` for the example, in whatever words."""
        return f"{self.found}, as in {request}"


def example_request(table: Table, taken: Collection[str] = ()) -> str:
    """Return how the largest family of columns that are not ``taken`` could be asked for."""
    left = [name for name in table.names if name not in taken]
    known = [
        (len(members), pattern)
        for stem, members in families(left)
        if len(members) > 1 and (pattern := pattern_of(stem, members, table.names))
    ]
    return max(known, key=lambda each: each[0])[1] if known else "…"


def default_columns(table: Table, letter: str, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return the columns named ``letter``, in either case, and a number, but none ``taken``.

    They come in natural order.
    """
    pattern = re.compile(rf"{letter}\d+", re.ASCII | re.IGNORECASE)
    matches = (name for name in table.names if name not in taken and pattern.fullmatch(name))
    return tuple(sorted(matches, key=lambda name: natural_order(name.lower())))


def misspelt_columns(table: Table, letter: str, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return the columns named ``letter`` and a number that leave open what is meant.

    They have blanks around the name, or another column has the same name but for its case.
    """
    pattern = re.compile(rf"\s*{letter}\d+\s*", re.ASCII | re.IGNORECASE)
    found = default_columns(table, letter, taken)
    spellings = Counter(name.lower() for name in found)
    clear = {name for name in found if spellings[name.lower()] == 1 or name.startswith(letter)}
    known = clear | set(taken)
    return tuple(name for name in table.names if pattern.fullmatch(name) and name not in known)


def spelt_alike(names: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return, for each of ``names``, the column of that name, or the only one but for its case."""
    exact, folded = set(columns), Counter(column.lower() for column in columns)
    wanted = Counter(name.lower() for name in names)
    by_folded = {column.lower(): column for column in columns}
    found = {}
    for name in names:
        key = name.lower()
        if name in exact:
            found[name] = name
        elif folded[key] == wanted[key] == 1:
            found[name] = by_folded[key]
    return found


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
            f"{wanted!r}, asked for as {role}, means {len(chosen)} columns of {table.path}: "
            "one is expected"
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
                f"{item!r}, asked for as {role}, does not fit {table.path}, which has {count} "
                "columns"
            )
        return list(table.names[start:stop])
    matches = sorted((n for n in table.names if fnmatchcase(n, item)), key=natural_order)
    if not matches:
        raise ValueError(
            f"{table.path} has no column that matches {item!r}, asked for as {role}; "
            f"its columns are {abbreviated(table.names, table.names)}"
        )
    return matches
