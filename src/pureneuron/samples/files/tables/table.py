"""What a file of columns is to the rest: names, and rows read a block at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from pureneuron.typing import AnyArray

__all__ = ["Block", "Dialect", "Table", "UnclearColumns", "optional"]

Block: TypeAlias = tuple[AnyArray, Mapping[str, AnyArray]]
"""Consecutive rows: the (n, p) matrix of the columns, and each column of labels."""


class Table(ABC):
    """Named columns of numbers in a file, open for as long as rows are being read.

    Attributes
    ----------
    path : Path
        The file, for messages.
    names : tuple of str
        Column names as they stand in the file; ``0``, ``1`` … where the file has none.
    named : bool
        Whether the file names its columns.
    hidden : tuple of str
        Columns that only their own name brings up: the index of a data frame.
    weight : str or None
        The column that holds sample weights by the convention of the format.
    """

    path: Path
    names: tuple[str, ...]
    named: bool = True
    hidden: tuple[str, ...] = ()
    weight: str | None = None

    @abstractmethod
    def about_rows(self) -> int:
        """Return how many rows there are, or a guess where that takes a pass."""

    @abstractmethod
    def is_single(self, names: Sequence[str]) -> bool:
        """Tell whether the columns ``names`` are all float32."""

    @abstractmethod
    def blocks(
        self, names: Sequence[str], *, labels: Sequence[str] = (), n_rows: int
    ) -> Iterator[Block]:
        """Yield all rows in order, at most ``n_rows`` at a time.

        Parameters
        ----------
        names : sequence of str
            Columns of numbers: float32 if all of them are, float64 otherwise; missing values
            are NaN.
        labels : sequence of str
            Columns to be had as they are, numbers or text.
        n_rows : int
            Most rows a block.

        Raises
        ------
        ValueError
            If a column of ``names`` holds something else than real numbers, or if the file is
            damaged. The message names the file.
        """


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, where that cannot be told from the file.

    Attributes
    ----------
    delimiter : str or None
        What separates columns, one character or ``"tab"``; None to find out.
    decimal : str or None
        ``"."`` or ``","``; None to find out.
    encoding : str or None
        For instance ``"latin-1"``; None to find out.

    Raises
    ------
    ValueError
        If one of them cannot be.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        named = {"tab": "\t", r"\t": "\t", "space": " "}
        delimiter = named.get(self.delimiter or "", self.delimiter)
        if delimiter is not None and (len(delimiter) != 1 or delimiter in "\r\n\"'"):
            raise ValueError(f"delimiter={delimiter!r}: one character, or 'tab', is expected")
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"decimal={self.decimal!r}: '.' or ',' is expected")
        if self.decimal is not None and self.decimal == delimiter:
            raise ValueError(f"delimiter and decimal are both {delimiter!r}")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError:
                raise ValueError(f"encoding={self.encoding!r} is not known") from None
        object.__setattr__(self, "delimiter", delimiter)


class UnclearColumns(ValueError):
    """A file leaves open which columns are meant or how they are written: the user has to say so.

    Each user is told in the words of their own: Python has arguments, the command line options.

    Attributes
    ----------
    found : str
        What the file holds, and what to do.
    role : str
        The argument that settles it, ``"inputs"`` or ``"decimal"`` for instance.
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


def optional(module: str, what: str) -> Any:
    """Import a module of the extra ``files``.

    Raises
    ------
    ImportError
        If it is not installed; the message says what to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{what} need {package}: pip install 'pureneuron[files]'") from error
