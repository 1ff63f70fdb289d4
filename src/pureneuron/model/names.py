"""Names and numbers in texts."""

from __future__ import annotations

import unicodedata

__all__ = ["counted", "visible"]

_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}  # controls, marks of direction, separators of lines


def visible(name: object) -> str:
    """Return a name with a code in the place of each character that cannot be seen.

    Some turn the direction of the text round, and with it the numbers beside the name.
    """
    return "".join(
        f"\\u{ord(letter):04x}" if unicodedata.category(letter) in _UNSEEN else letter
        for letter in str(name)
    )


def counted(n: int, one: str, several: str = "") -> str:
    """Return how many there are: 1 neuron, 2 neurons."""
    return f"{n} {one if n == 1 else several or one + 's'}"
