"""How column names are listed and told apart: natural order, and families that share a prefix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

__all__ = ["abbreviated", "families", "natural_order", "nearest", "pattern_of"]

_HEAD = re.compile(r"[^\W\d_]+[_.:/ -]*")
_LISTED = 8
_LISTED_ITEMS = 20
_LISTED_MEMBERS = 3


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which x2 comes before x10."""
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def abbreviated(names: Sequence[str], among: Sequence[str] = ()) -> str:
    """List names; many that share a prefix become one item.

    Parameters
    ----------
    names : sequence of str
        The names.
    among : sequence of str
        All columns of the file. An item comes with the pattern that means its names and no other of
        these; without them there are no patterns.
    """
    if len(names) <= _LISTED:
        return ", ".join(names) or "none"
    items = [_item(stem, members, among) for stem, members in families(names)]
    shown = ", ".join(items[:_LISTED_ITEMS])
    return shown if len(items) <= _LISTED_ITEMS else f"{shown}, … ({len(names)} in all)"


def families(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Gather names that differ in their last number alone, or in what follows a separator.

    Families are prefix and members in natural order; the others are families of one.
    """
    stems = [re.sub(r"\d+$", "", name) for name in names]
    numbered = Counter(stems)
    stems = [
        stem if numbered[stem] > 1 else re.sub(r"[^_.:/ -]*$", "", name)
        for stem, name in zip(stems, names, strict=True)
    ]
    sizes = Counter(stems)
    gathered: dict[str, list[str]] = {}
    for stem, name in zip(stems, names, strict=True):
        gathered.setdefault(stem if stem and sizes[stem] > 1 else name, []).append(name)
    return [(stem, sorted(members, key=natural_order)) for stem, members in gathered.items()]


def _item(stem: str, members: Sequence[str], among: Sequence[str]) -> str:
    if len(members) <= _LISTED_MEMBERS:
        return ", ".join(members)
    pattern = pattern_of(stem, members, among)
    meaning = f", '{pattern}'" if pattern else ""
    return f"{members[0]}, {members[1]}, …, {members[-1]} ({len(members)} columns{meaning})"


def pattern_of(stem: str, members: Sequence[str], among: Sequence[str]) -> str | None:
    """Return a pattern that means ``members`` and no other column, if there is one."""
    for pattern in (f"{stem}*", f"{stem}[0-9]*"):
        meant = {name for name in among if fnmatchcase(name, pattern)}
        if meant == set(members) and "," not in pattern:
            return pattern
    return None


def nearest(wanted: str, names: Sequence[str]) -> str | None:
    """Return the name that ``wanted`` may have been meant to be; of a pattern, a pattern."""
    known = names
    if "*" in wanted:
        heads = (_HEAD.match(name) for name in names)
        known = [f"{head[0]}*" for head in heads if head]
    by_key = {each.lower(): each for each in known}
    close = get_close_matches(wanted.lower(), by_key, n=1)
    return by_key[close[0]] if close else None
