"""How a text file is written: encoding, comments, header, delimiter and decimal sign.

What the first lines leave no doubt about is found out; the rest has to be said.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from zlib import error as ZlibError

from pureneuron.samples.files.tables.table import Dialect, UnclearColumns

__all__ = ["Head", "Layout", "is_number", "layout_of", "read_head"]

_HEAD_BYTES, _HEAD_LINES, _MOST_FIELDS = 1 << 16, 4, 200_000
_COMMENT = re.compile(r"\s*[#%]+\s*")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(nan|inf)\s*", re.I)
_WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*")
_WITH_POINT = re.compile(r"\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*")
_BOOLEANS = {"true", "false"}


@dataclass(frozen=True)
class Head:
    """The first lines of a text file.

    Attributes
    ----------
    lines : tuple of str
        Complete lines.
    encoding : str
        How to decode the file.
    guessed : bool
        Whether that is a guess that may be wrong for letters beyond ASCII.
    line_bytes, size : int
        Length of the longest of these lines, and about that of the whole text, in bytes.
    """

    lines: tuple[str, ...]
    encoding: str
    guessed: bool
    line_bytes: int
    size: int


@dataclass(frozen=True)
class Layout:
    """Where names and numbers stand.

    Attributes
    ----------
    delimiter, decimal : str
        The signs.
    names : tuple of str or None
        The names in the header; None if there is none.
    width : int
        Number of columns.
    n_skipped : int
        Number of lines before the first row.
    booleans : frozenset of int
        Positions of the columns that hold true and false.
    """

    delimiter: str
    decimal: str
    names: tuple[str, ...] | None
    width: int
    n_skipped: int
    booleans: frozenset[int]


def read_head(path: Path, encoding: str | None) -> Head:
    """Read the first lines of a text file.

    Raises
    ------
    ValueError
        If they are no text, or not in this encoding.
    """
    packed = path.suffix.lower() == ".gz"
    with cast(BinaryIO, gzip.open(path) if packed else path.open("rb")) as file:
        raw, more = b"", True
        try:
            while more and (len(raw) < _HEAD_BYTES or raw.count(b"\n") < _HEAD_LINES):
                piece = file.read(max(_HEAD_BYTES, len(raw)))
                raw, more = raw + piece, bool(piece)
        except (EOFError, ZlibError, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{path} is not a readable CSV file: {error}; it may be cut short"
            ) from error
    size = path.stat().st_size
    if packed:
        size = max(4 * size, len(raw))  # Text packs so or better; more is found out on the way.
    if b"\x00" in raw and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError(f"{path} is not a readable CSV file: it holds zero bytes, as no text does")
    if more:
        raw = raw[: raw.rfind(b"\n") + 1]
    found, guessed = _encoding(raw) if encoding is None else (encoding, False)
    try:
        text = raw.decode(found, errors="ignore" if found.startswith("utf-16") else "strict")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not encoded in {found}: {error}") from error
    lines = tuple(text.removeprefix("\ufeff").splitlines())
    longest = max((len(line) for line in raw.split(b"\n")), default=0)
    return Head(lines, found, guessed, longest, size)


def layout_of(path: Path, lines: Sequence[str], dialect: Dialect) -> Layout:
    """Find out where names and numbers stand.

    Raises
    ------
    ValueError
        If there are no rows or names.
    UnclearColumns
        If delimiter or decimal sign are open.
    """
    is_comment = [bool(_COMMENT.match(line)) for line in lines]
    first = next(
        (i for i, line in enumerate(lines) if line.strip() and not is_comment[i]), len(lines)
    )
    comments = [_COMMENT.sub("", line, count=1) for line in lines[:first] if line.strip()]
    body = [line for line in lines[first:] if line.strip()]
    if not body and not comments:
        raise ValueError(f"{path} is not a readable CSV file: Empty CSV file")
    delimiter = dialect.delimiter or _delimiter(path, body or comments[-1:])
    rows = _fields(body or comments[-1:], delimiter)
    over_header = _fields(comments[-1:], delimiter)
    names: list[str] | None = None
    n_skipped = first
    if not body or (over_header and _is_data(rows[0]) and len(over_header[0]) == len(rows[0])):
        names = over_header[0]
        rows = rows if body else []
    elif not _is_data(rows[0]) or _counts(rows[0]):
        names, rows = rows[0], rows[1:]
        n_skipped = first + 1
    decimal = dialect.decimal or _decimal(path, rows, delimiter)
    return Layout(
        delimiter,
        decimal,
        None if names is None else _named(names),
        len(rows[0] if names is None else names),
        n_skipped,
        _booleans(rows),
    )


def is_number(text: str, decimal: str = ".") -> bool:
    """Tell whether ``text`` is a number."""
    if decimal == ",":
        return "." not in text and bool(_NUMBER.fullmatch(text.replace(",", ".", 1)))
    return bool(_NUMBER.fullmatch(text))


def _encoding(raw: bytes) -> tuple[str, bool]:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1", True  # It has a letter for each byte; ASCII is right in any case.
    return "utf-8", False


def _fields(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    limit = csv.field_size_limit(1 << 30)
    try:
        rows, count = [], 0
        for row in csv.reader(lines, delimiter=delimiter):
            rows.append(row)
            count += len(row)
            if count > _MOST_FIELDS:
                break
        return rows
    finally:
        csv.field_size_limit(limit)


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    """Return what splits all lines into equally many columns, and most of these into numbers."""
    split = {sign: _fields(lines, sign) for sign in ",;\t|"}
    scores: dict[str, float] = {}
    for sign, rows in split.items():
        if len(rows[0]) > 1 and len({len(row) for row in rows}) == 1:
            fields = [field for row in rows[1:] or rows for field in row]
            scores[sign] = sum(map(_is_value, fields)) / len(fields)
    best = [sign for sign, score in scores.items() if score == max(scores.values())]
    if len(best) > 1:
        listed = " or ".join(map(repr, best))
        raise UnclearColumns(f"{path}: columns may be separated by {listed}", "delimiter", best[0])
    if best:
        return best[0]
    blanks = _fields([line.strip() for line in lines], " ")
    if len(blanks[0]) > 1 and len({len(row) for row in blanks}) == 1:
        fields = [field for row in blanks[1:] for field in row]
        if fields and all(map(_is_value, fields)):
            return " "
    runs = [line.split() for line in lines]
    values = [field for row in runs[1:] for field in row]
    is_table = len(runs[0]) > 1 and len({len(row) for row in runs}) == 1
    if is_table and values and all(map(_is_value, values)):
        raise ValueError(
            f"{path} looks like columns set apart by runs of blanks: write it with commas"
        )
    # Rows of unequal length, or one column: the reader says which.
    return max(split, key=lambda sign: len(split[sign][0]))


def _decimal(path: Path, rows: Sequence[Sequence[str]], delimiter: str) -> str:
    fields = [field for row in rows for field in row]
    commas = [field for field in fields if _WITH_COMMA.fullmatch(field)]
    if delimiter == "," or not commas:
        return "."
    if any(_WITH_POINT.fullmatch(field) for field in fields):
        found = f"{path} holds numbers with commas, such as {commas[0].strip()}, and with points"
        raise UnclearColumns(f"{found}: say what the decimal sign is", "decimal", ",")
    if all(_THOUSANDS.fullmatch(field) for field in commas):
        found = f"{path} holds {commas[0].strip()}, where the comma may set thousands apart or not"
        raise UnclearColumns(f"{found}: say what the decimal sign is", "decimal", ",")
    return ","


def _booleans(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    words = [{row[j].strip().lower() for row in rows if j < len(row)} - {""} for j in _texts(rows)]
    return frozenset(j for j, each in zip(_texts(rows), words, strict=True) if each <= _BOOLEANS)


def _texts(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the positions of what is no number in the first rows that say something."""
    found: set[int] = set()
    for row in rows[:_HEAD_LINES]:
        found |= {j for j, field in enumerate(row) if not _is_value(field)}
    return sorted(found)


def _is_value(field: str) -> bool:
    return not field.strip() or is_number(field) or is_number(field, ",")


def _is_data(row: Sequence[str]) -> bool:
    """Tell whether a first line holds numbers, and so no names."""
    return all(map(_is_value, row)) and any(field.strip() for field in row)


def _counts(row: Sequence[str]) -> bool:
    """Tell whether a line numbers the columns, as data frames without names do."""
    texts = [field.strip() for field in row]
    first = 1 if texts[0] == "" else 0  # The index has no name.
    return any(
        texts[first:] == [str(j + start) for j in range(len(texts) - first)] for start in (0, 1)
    )


def _named(names: Sequence[str]) -> tuple[str, ...]:
    """Strip blanks, which belong to no name in "x0, x1", and name what has none."""
    stripped = (name.strip().removeprefix("\ufeff") for name in names)
    return tuple(name or f"Unnamed: {j}" for j, name in enumerate(stripped))
