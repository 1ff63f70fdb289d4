"""The one door to samples in files: Parquet, CSV and NumPy files become arrays in memory.

Unless told otherwise, inputs are the columns x0, x1, … and outputs the columns y0, y1, …, in
natural order: x2 comes before x10. X0 does for x0 where there is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pureneuron.samples.arrays import ArraySamples
from pureneuron.samples.columns import (
    Table,
    UnclearColumns,
    default_columns,
    example_request,
    misspelt_columns,
    select_column,
    select_columns,
    spelt_alike,
)
from pureneuron.samples.groups import group_codes
from pureneuron.samples.listing import abbreviated
from pureneuron.samples.numpy_files import open_numpy
from pureneuron.samples.tables import CsvTable, ParquetTable
from pureneuron.typing import AnyArray

__all__ = ["read_inputs", "read_prediction_data", "read_samples"]

_FORMATS: dict[str, Callable[[Path], Table]] = {
    ".parquet": ParquetTable,
    ".pq": ParquetTable,
    ".csv": CsvTable,
    ".npz": open_numpy,
    ".npy": open_numpy,
}


def read_samples(
    path: str | Path,
    *,
    inputs: str | Sequence[str] | None = None,
    outputs: str | Sequence[str] | None = None,
    weight: str | None = None,
    groups: str | None = None,
) -> ArraySamples:
    """Read samples of inputs and outputs from a file.

    Parameters
    ----------
    path : str or Path
        A .parquet (.pq) or .csv table; a .npz file with matrices ``X`` and ``Y`` (and perhaps a
        vector ``weight``); or a .npy file, either with a named field for each column or with one
        plain (n, d + m) matrix.
    inputs, outputs : str or sequence of str, optional
        Which columns: names, patterns such as ``stim_*`` (matches in natural order) or slices by
        position such as ``0:64``; a string may hold several, separated by commas. Left out, they
        are x0, x1, … and y0, y1, …. A plain matrix in a .npy file needs ``inputs``; its outputs are
        then all other columns unless given.
    weight : str, optional
        The column of sample weights; left out, ``weight`` of a .npz file, and none elsewhere.
    groups : str, optional
        The column of group labels, whole numbers or text: rows of one group may share their noise.
        It is not taken for an input or output.

    Returns
    -------
    ArraySamples
        Arrays of float32 if all inputs and outputs are, of float64 otherwise; missing values are
        NaN. Columns without names in the file are called x0, x1, … and y0, y1, ….

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of an unknown format, cut short or without rows, if a column is missing, is
        used twice or does not hold real numbers, if a group label is missing, or if X and Y differ
        in length.
    ImportError
        If pyarrow is needed and not installed.
    """
    table = _open(path)
    labels = () if groups is None else (select_column(table, groups, "groups"),)
    chosen = _inputs(table, inputs, taken=labels)
    if outputs is not None:
        targets = select_columns(table, outputs, "outputs")
    elif table.named:
        targets = _default(table, "outputs", taken=labels, others=chosen)
    else:
        targets = tuple(name for name in table.names if name not in chosen + labels)
        if not targets:
            raise ValueError(f"{table.path} has no columns left for the outputs")
    weight = table.weight if weight is None else select_column(table, weight, "weight")
    weights = () if weight is None else (weight,)
    roles = {"inputs": chosen, "outputs": targets, "weight": weights, "groups": labels}
    _refuse_overlap(table, roles)

    parts = {"X": table.read(chosen), "Y": table.read(targets)}
    dtype = np.result_type(*parts.values())
    if weight is not None:
        parts["weight"] = table.read([weight])[:, 0]
    parts = {name: part.astype(dtype, copy=False) for name, part in parts.items()}
    for name in labels:
        where = f"column {name} of {table.path}"
        parts["groups"] = group_codes(table.read_labels(name), name=where)
    _refuse_rows(table, parts)
    return ArraySamples(
        **parts,
        input_names=chosen if table.named else None,
        output_names=targets if table.named else None,
    )


def read_inputs(
    path: str | Path,
    *,
    names: Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
) -> tuple[AnyArray, tuple[str, ...]]:
    """Read inputs alone, as prediction needs them.

    Parameters
    ----------
    path : str or Path
        As for :func:`read_samples`; outputs need not be there.
    names : sequence of str, optional
        Input names that a model remembers: these columns are read, in the model's order.
    inputs : str or sequence of str, optional
        Which columns, as for :func:`read_samples`. With ``names`` as well, columns of other
        names altogether stand for the model's inputs one by one, in the order given.

    Returns
    -------
    X : (n, d) array
        The inputs.
    names : tuple of str
        The names of the columns read.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        As for :func:`read_samples`; ValueError also if the columns do not match ``names``.
    """
    return read_prediction_data(path, names=names, inputs=inputs)[:2]


def read_prediction_data(
    path: str | Path,
    *,
    names: Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    outputs: Sequence[str] = (),
) -> tuple[AnyArray, tuple[str, ...], AnyArray | None]:
    """Read inputs as :func:`read_inputs` does, and outputs to compare with if they are there.

    Parameters
    ----------
    path, names, inputs
        As for :func:`read_inputs`.
    outputs : sequence of str
        Names of the output columns.

    Returns
    -------
    X : (n, d) array
        The inputs.
    names : tuple of str
        The names of the input columns read.
    Y : (n, m) array or None
        The outputs; None if the file lacks one of them, or if one serves as an input.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        As for :func:`read_inputs`; ValueError also if outputs are there and unusable.
    """
    table = _open(path)
    if names is None:
        chosen = table.names if inputs is None and not table.named else _inputs(table, inputs)
    else:
        names = tuple(names)
        chosen = _matching(table, names, inputs)
    others = [name for name in table.names if name not in set(chosen)] if table.named else []
    found = spelt_alike(outputs, others)
    parts = {"X": table.read(chosen)}
    if outputs and len(found) == len(outputs):
        parts["Y"] = table.read(tuple(found.values()))
    _refuse_rows(table, parts)
    if not table.named:
        chosen = names or tuple(f"x{j}" for j in range(len(chosen)))
    return parts["X"], chosen, parts.get("Y")


def _open(path: str | Path) -> Table:
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    opener = _FORMATS.get(path.suffix.lower())
    if opener is None:
        raise ValueError(
            f"{path}: cannot read files that end in {path.suffix or 'nothing'}; "
            f"the known endings are {', '.join(_FORMATS)}"
        )
    return opener(path)


def _inputs(
    table: Table, inputs: str | Sequence[str] | None, taken: tuple[str, ...] = ()
) -> tuple[str, ...]:
    if inputs is not None:
        return select_columns(table, inputs, "inputs")
    if not table.named:
        count = len(table.names)
        raise UnclearColumns(
            f"{table.path} holds {count} columns without names: name the inputs by position",
            "inputs",
            f"0:{max(count - 1, 1)}",
        )
    return _default(table, "inputs", taken)


def _default(
    table: Table, role: str, taken: tuple[str, ...], others: tuple[str, ...] = ()
) -> tuple[str, ...]:
    letter = {"inputs": "x", "outputs": "y"}[role]
    chosen = default_columns(table, letter, taken)
    example = example_request(table, taken + others)
    if not chosen:
        raise UnclearColumns(
            f"{table.path} has no columns named {letter}0, {letter}1, …; its columns are "
            f"{abbreviated(table.names, table.names)}: name the {role}",
            role,
            example,
        )
    # A column that is left out in silence would be missing from the network, too.
    misspelt = misspelt_columns(table, letter, taken)
    if misspelt:
        clear = [name for name in chosen if name not in misspelt]
        raise UnclearColumns(
            f"{table.path} has columns {abbreviated(clear)}, and also {abbreviated(misspelt)}, "
            f"which are spelt otherwise: rename them, or name the {role}",
            role,
            example,
        )
    return chosen


def _matching(
    table: Table, names: tuple[str, ...], inputs: str | Sequence[str] | None
) -> tuple[str, ...]:
    """Return the columns that are the model's inputs ``names``, in the model's order."""
    if inputs is not None or not table.named:
        chosen = table.names if inputs is None else select_columns(table, inputs, "inputs")
        if not table.named or not set(chosen) & set(names):
            if len(chosen) != len(names):
                raise ValueError(
                    f"the model has {len(names)} inputs, but {len(chosen)} columns of "
                    f"{table.path} are meant as inputs"
                )
            return chosen
    else:
        chosen = table.names
    found = spelt_alike(names, chosen)
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(
            f"{table.path} lacks inputs of the model: {abbreviated(missing)}; "
            f"the columns are {abbreviated(chosen, table.names)}"
        )
    return tuple(found.values())


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


def _refuse_rows(table: Table, parts: Mapping[str, AnyArray]) -> None:
    """Refuse X, Y, weights and groups of different length or without rows."""
    rows = {name: len(part) for name, part in parts.items()}
    if len(set(rows.values())) > 1:
        sizes = ", ".join(f"{name} has {count}" for name, count in rows.items())
        raise ValueError(f"the numbers of rows in {table.path} differ: {sizes}")
    if rows["X"] == 0:
        raise ValueError(f"{table.path} holds no rows")
