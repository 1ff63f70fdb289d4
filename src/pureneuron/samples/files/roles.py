"""What is read of files: which columns and rows, and how much memory these take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pureneuron.samples.arrays import THRESHOLDS
from pureneuron.samples.files.columns import default_columns, select_column, select_columns
from pureneuron.samples.files.filters import Filter
from pureneuron.samples.files.tables import Table, UnclearColumns

__all__ = [
    "Columns",
    "choose_columns",
    "choose_inputs",
    "row_bytes",
    "rows_in_cache",
    "rows_of_a_batch",
    "with_filter",
]

_STREAMED_ENTRIES = 4_000_000  # of X and Y in a batch (make bench-scale)
_PARTS_OF_LIMIT = 32  # that a batch is one of, at most: kernels make copies of it


@dataclass(frozen=True)
class Columns:
    """What is read of the files.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Columns of X and of Y.
    weight, groups : str or None
        The columns of weights and of group labels.
    filter : Filter or None
        Which rows are meant.
    filtered : tuple of str
        The columns that the filter names, as it names them and as they are called in the files.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    weight: str | None = None
    groups: str | None = None
    filter: Filter | None = None
    filtered: tuple[tuple[str, str], ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of X, Y and weight, in this order."""
        return (*self.inputs, *self.outputs, *((self.weight,) if self.weight else ()))

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that are had as they are: groups, and those that are compared with text."""
        groups = (self.groups,) if self.groups else ()
        texts = self.filter.texts if self.filter else ()
        return tuple(
            dict.fromkeys((*groups, *(name for key, name in self.filtered if key in texts)))
        )

    @property
    def numbers(self) -> tuple[str, ...]:
        """All columns that are had as numbers, each once: those of ``values`` first."""
        others = (name for _, name in self.filtered if name not in self.labels)
        return tuple(dict.fromkeys((*self.values, *others)))


def rows_of_a_batch(columns: Columns, dtype: type[np.floating], limit: int) -> int:
    """Return how many rows a batch has: few calls for each row, and a small part of the memory.

    Kernels cut batches into what suits the cache; calls hold the interpreter, and the threads up.
    """
    most = limit // _PARTS_OF_LIMIT // row_bytes(columns, dtype)
    enough = max(THRESHOLDS.batch_rows, _STREAMED_ENTRIES // len(columns.values))
    return max(min(enough, most), 1)


def rows_in_cache(columns: Columns) -> int:
    """Return how many rows stay near the processor's cache."""
    return max(THRESHOLDS.batch_rows, THRESHOLDS.batch_entries // len(columns.values))


def row_bytes(columns: Columns, dtype: type[np.floating]) -> int:
    """Return how many bytes a row takes."""
    groups = 8 if columns.groups else 0
    return len(columns.values) * np.dtype(dtype).itemsize + groups


def choose_columns(
    table: Table,
    inputs: str | Sequence[str] | None,
    outputs: str | Sequence[str] | None,
    weight: str | None,
    groups: str | None,
    filter: str | None = None,
) -> Columns:
    """Choose columns and rows as :func:`~pureneuron.samples.read_samples` is asked for them.

    Raises
    ------
    ValueError
        If a column is missing or has two roles.
    UnclearColumns
        If it is open which columns are meant.
    """
    labels = () if groups is None else (select_column(table, groups, "groups"),)
    chosen = choose_inputs(table, inputs, taken=labels)
    if outputs is not None:
        targets = select_columns(table, outputs, "outputs")
    elif table.named:
        targets = default_columns(table, "outputs", labels, chosen)
    else:
        taken = {*chosen, *labels}
        targets = tuple(name for name in table.names if name not in taken)
        if not targets:
            raise ValueError(f"{table.path} has no columns left for the outputs")
    weight = table.weight if weight is None else select_column(table, weight, "weight")
    weights = () if weight is None else (weight,)
    roles = {"inputs": chosen, "outputs": targets, "weight": weights, "groups": labels}
    _refuse_overlap(table, roles)
    return with_filter(table, Columns(chosen, targets, weight, *labels), filter)


def choose_inputs(
    table: Table, inputs: str | Sequence[str] | None, taken: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Choose the inputs."""
    if inputs is not None:
        return select_columns(table, inputs, "inputs")
    if not table.named:
        count = len(table.names)
        raise UnclearColumns(
            f"{table.path} holds {count} columns without names: name the inputs by position",
            "inputs",
            f"0:{max(count - 1, 1)}",
        )
    return default_columns(table, "inputs", taken)


def with_filter(table: Table, columns: Columns, text: str | None) -> Columns:
    """Return the columns with a filter of rows; as they are without one."""
    if text is None:
        return columns
    meant = Filter(text)
    named = tuple((n, select_column(table, n, "filter")) for n in (*meant.numbers, *meant.texts))
    return Columns(columns.inputs, columns.outputs, columns.weight, columns.groups, meant, named)


def _refuse_overlap(table: Table, roles: dict[str, tuple[str, ...]]) -> None:
    seen: dict[str, str] = {}
    for role, names in roles.items():
        for name in names:
            if name in seen:
                raise ValueError(
                    f"column {name} of {table.path} is in both {seen[name]} and {role}: "
                    f"give {seen[name]} and {role} that do not overlap"
                )
            seen[name] = role
