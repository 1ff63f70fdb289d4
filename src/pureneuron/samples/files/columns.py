"""Which columns of a file are meant: by convention, by name, by pattern or by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pureneuron.samples.files.names import looks_like, numbered, plain
from pureneuron.samples.files.tables.table import Table, UnclearColumns
from pureneuron.samples.listing import (
    abbreviated,
    families,
    natural_order,
    nearest,
    pattern_of,
)

__all__ = [
    "default_columns",
    "example_request",
    "left_out",
    "select_column",
    "select_columns",
    "spelt_alike",
]

_SLICE = re.compile(r"(\d*):(\d*)")
_LETTERS = {"inputs": "x", "outputs": "y"}
_MOST_FAMILIES = 50  # that an example is looked for in
_MOST_LISTED = 6  # columns that an example lists where no pattern means just these


def example_request(table: Table, taken: Collection[str] = (), letter: str = "") -> str:
    """Return how columns that are not ``taken`` could be asked for.

    The family named with ``letter`` is the example, or the largest one that is not named with the
    letter of the other role.
    """
    used, others = set(taken), set(_LETTERS.values()) - {letter} if letter else set()
    left = [n for n in table.names if n not in used and (numbered(n) or "?")[0] not in others]
    largest = sorted(families(left), key=lambda each: (each[0] == letter, len(each[1])))
    for stem, members in largest[: -_MOST_FAMILIES - 1 : -1]:
        if len(members) > 1 and (pattern := pattern_of(stem, members, table.names)):
            return pattern
        if stem == letter and len(members) <= _MOST_LISTED:
            return ",".join(members)
    return "…"


def default_columns(
    table: Table, role: str, labels: Collection[str] = (), others: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the columns that are inputs (x0, x1, …) or outputs (y0, y1, …) by their names.

    Parameters
    ----------
    table : Table
        Where to look.
    role : str
        ``"inputs"`` or ``"outputs"``.
    labels, others : collections of str
        Columns that serve as something else; ``others`` are no less refused as outputs.

    Returns
    -------
    tuple of str
        The columns, by ascending number.

    Raises
    ------
    UnclearColumns
        If there are none, if two have the same number, if a number is left out, or if another
        column looks like one of them: what is left out in silence would be missing from the
        network, too.
    """
    letter = _LETTERS[role]
    free = [name for name in table.names if name not in labels]
    found: dict[int, list[str]] = {}
    for name in free:
        meaning = numbered(name)
        if meaning is not None and meaning[0] == letter:
            found.setdefault(meaning[1], []).append(name)

    def unclear(what: str, instead: str = "") -> UnclearColumns:
        example = example_request(table, {*labels, *others}, letter)
        return UnclearColumns(f"{table.path} {what}: {instead}name the {role}", role, example)

    used = {*others, *(name for names in found.values() for name in names)}
    alike = [name for name in free if name not in used and looks_like(name, letter)]
    if not found:
        raise unclear(
            f"has no columns named {letter}0, {letter}1, …; its columns are "
            f"{abbreviated(table.names, table.names)}"
        )
    for number, names in found.items():
        if len(names) > 1:
            raise unclear(
                f"has {len(names)} columns that mean {letter}{number}, {abbreviated(names)}",
                "rename them, or ",
            )
    chosen = tuple(found[number][0] for number in sorted(found))
    missing = _gap(found)
    if missing is not None:
        raise unclear(f"has columns {abbreviated(chosen)}, but no {letter}{missing}")
    if alike:
        raise unclear(
            f"has columns {abbreviated(chosen)}, and also {abbreviated(alike)}, which may be "
            f"{role} as well",
            "rename them, or ",
        )
    return chosen


def left_out(table: Table, role: str, used: Collection[str]) -> tuple[str, ...]:
    """Return the columns that look like inputs or outputs, and serve as nothing."""
    letter = _LETTERS[role]
    taken = set(used)
    return tuple(n for n in table.names if n not in taken and looks_like(plain(n), letter))


def _gap(found: Collection[int]) -> int | None:
    """Return the first number that is left out; they may begin with 0 or 1."""
    least = min(found)
    if least > 1:
        return 0
    return next((n for n in range(least, max(found)) if n not in found), None)


def spelt_alike(names: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return, for each of ``names``, the column of that name, or the only one that means it.

    Case does not tell names apart where there is no doubt, nor what :func:`plain` takes away.
    """
    exact = set(columns)
    found = {name: name for name in names if name in exact}
    keys: tuple[Callable[[str], Any], ...] = (str.lower, lambda n: plain(n).lower(), numbered)
    for key in keys:
        by_key = {key(column): column for column in columns}
        held, wanted = Counter(map(key, columns)), Counter(map(key, names))
        for name in names:
            meaning = key(name)
            if name not in found and meaning is not None and held[meaning] == wanted[meaning] == 1:
                found[name] = by_key[meaning]
    return {name: found[name] for name in names if name in found}


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
    known = {*table.names, *table.hidden}
    items = [str(item) for item in ([wanted] if isinstance(wanted, str) else wanted)]
    if isinstance(wanted, str) and wanted not in known:
        items = wanted.split(",")
    chosen = [name for item in items for name in _matches(table, item, role, known)]
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


def _matches(table: Table, item: str, role: str, known: Collection[str]) -> list[str]:
    for name in (item, item.strip()):
        if name in known:
            return [name]
    item = item.strip()
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
        matches = list(spelt_alike([item], table.names).values())
    if not matches:
        raise _no_column(table, item, role)
    return matches


def _no_column(table: Table, item: str, role: str) -> ValueError:
    """Return the error, with the nearest name and, where that suffices, how to ask for it."""
    found = (
        f"{table.path} has no column that matches {item!r}, asked for as {role}; "
        f"its columns are {abbreviated(table.names, table.names)}"
    )
    near = nearest(item, table.names)
    if of_array := [n for n in table.names if re.fullmatch(rf"{re.escape(item)}\d+", n)]:
        near = pattern_of(item, of_array, table.names) or near
    if near is None:
        return ValueError(found)
    if role == "filter":  # An expression: a name alone is no example of one.
        return ValueError(f"{found}; the nearest is {near!r}")
    return UnclearColumns(f"{found}; ask for the nearest", role, near)
