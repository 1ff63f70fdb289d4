"""What the name of a column means: x0 and y1, however they are written.

People and programs add to a name what belongs to no name: a comment sign or a byte order mark
before the first one, quotes, blanks, a unit in brackets, a separator before the number, a fraction
of zero behind it.
"""

from __future__ import annotations

import re

__all__ = ["looks_like", "numbered", "plain"]

_UNIT = re.compile(r"(.*?\S)\s*[\[(][^\[\]()]*[^\[\]()\d\s][^\[\]()]*[\])]", re.DOTALL)
_NUMBERED = re.compile(r"([xy])(?:[ _.-]?(\d+)(?:\.0+)?|\[(\d+)\]|\((\d+)\))", re.I | re.A)
_ALIKE = re.compile(r"\W*([xy])[\s_.\[(-]*\d", re.I | re.A)


def plain(name: str) -> str:
    """Return a name without byte order mark, comment sign, quotes, blanks and unit."""
    name = re.sub(r"^[\ufeff\s#%]+", "", name).strip()
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        name = name[1:-1].strip()
    unit = _UNIT.fullmatch(name)
    return unit[1] if unit else name


def numbered(name: str) -> tuple[str, int] | None:
    """Return the letter, x or y, and the number that a name consists of; None if it does not."""
    found = _NUMBERED.fullmatch(name) or _NUMBERED.fullmatch(plain(name))
    if found is None:
        return None
    return found[1].lower(), int(found[2] or found[3] or found[4])


def looks_like(name: str, letter: str) -> bool:
    """Tell whether a name begins like a numbered input or output, whatever comes then."""
    found = _ALIKE.match(name)
    return found is not None and found[1].lower() == letter
