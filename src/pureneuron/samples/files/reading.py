"""The one door to samples in files: what fits into memory becomes arrays, the rest is streamed.

Unless told otherwise, inputs are the columns x0, x1, … and outputs the columns y0, y1, …, in
natural order: x2 comes before x10. X0 does for x0 where there is one of them, and so does what
people and programs make of the name (:mod:`pureneuron.samples.files.names`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pureneuron.samples.arrays import ArraySamples
from pureneuron.samples.files.columns import (
    left_out,
    select_columns,
    spelt_alike,
)
from pureneuron.samples.files.fileset import FileBatches, FileSet, fingerprint_of
from pureneuron.samples.files.memory import memory_limit as bytes_of_limit
from pureneuron.samples.files.paths import Paths
from pureneuron.samples.files.roles import (
    Columns,
    choose_columns,
    choose_inputs,
    rows_of_a_batch,
    with_filter,
)
from pureneuron.samples.files.tables import Dialect, Table
from pureneuron.samples.listing import abbreviated
from pureneuron.samples.streamed import StreamedSamples
from pureneuron.typing import AnyArray

__all__ = [
    "FileSamples",
    "LoadedSamples",
    "StreamedFiles",
    "read_inputs",
    "read_prediction_data",
    "read_samples",
]


class _RowsOfFiles:
    """What rows of files remember of these.

    Attributes
    ----------
    fingerprint : str
        Tells these rows from others: paths, sizes and times of change of the files, and what is
        read of them.
    notes : tuple of str
        What else there is to know about the files.
    files : FileBatches
        The files, and what is read of them.
    """

    fingerprint: str
    notes: tuple[str, ...]
    files: FileBatches

    def origin(self, row: int) -> tuple[str, int]:
        """Return the file that a row comes from, and its number there."""
        return self.files.origin(row)


class LoadedSamples(_RowsOfFiles, ArraySamples):
    """Rows of files, in memory."""


class StreamedFiles(_RowsOfFiles, StreamedSamples):
    """Rows of files, read anew in each pass."""


FileSamples: TypeAlias = LoadedSamples | StreamedFiles


def read_samples(
    path: Paths,
    *,
    inputs: str | Sequence[str] | None = None,
    outputs: str | Sequence[str] | None = None,
    weight: str | None = None,
    groups: str | None = None,
    filter: str | None = None,
    memory_limit: str | float | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> FileSamples:
    """Read samples of inputs and outputs from files.

    Parameters
    ----------
    path : str, Path or sequence of them
        Files, folders or patterns such as ``data/part-*.parquet``, all of one format and with the
        same columns: Parquet, Arrow (Feather), CSV (also .tsv, .csv.gz), .npz, .npy, HDF5, Zarr or
        MATLAB. What holds arrays has matrices ``X`` and ``Y`` (and perhaps a vector ``weight``); a
        .npy file has a named field for each column, or is one plain (n, d + m) matrix.
    inputs, outputs : str or sequence of str, optional
        Which columns: names, patterns such as ``stim_*`` (matches in natural order) or slices by
        position such as ``0:64``; a string may hold several, separated by commas. Left out, they
        are x0, x1, … and y0, y1, …. A plain matrix needs ``inputs``; its outputs are then all other
        columns unless given. A column of lists of one length counts as that many columns.
    weight : str, optional
        The column of sample weights; left out, ``weight`` of a file of arrays, and none elsewhere.
    groups : str, optional
        The column of group labels, whole numbers or text: rows of one group may share their noise.
        It is not taken for an input or output.
    filter : str, optional
        Which rows are meant, as in ``"speed > 0.5 and trial != 3"``
        (:class:`~pureneuron.samples.files.filters.Filter`).
    memory_limit : str or float, optional
        ``"1GiB"``, ``"500MB"`` or a share of what is free; half of it if left out. What takes more
        is read anew in each pass, in batches that are a small part of it.
    delimiter, decimal, encoding : str, optional
        How text files are written, where their first lines leave that open: one character or
        ``"tab"``; ``"."`` or ``","``; for instance ``"latin-1"``.

    Returns
    -------
    LoadedSamples or StreamedFiles
        Arrays of float32 if all inputs and outputs are, of float64 otherwise; missing values are
        NaN. Columns without names in the file are called x0, x1, … and y0, y1, ….

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is of an unknown format, cut short or without rows, if files differ in their
        columns, if a column is missing, is used twice or does not hold real numbers, if a group
        label is missing, or if X and Y differ in length. For streamed samples some of this shows
        only when they are read, as does a file that has changed since.
    UnclearColumns
        If it is open which columns are meant, or how a text file is written.
    ImportError
        If a package that reads the format is not installed.
    """
    limit = bytes_of_limit(memory_limit)
    files = FileSet.open(path, Dialect(delimiter, decimal, encoding))
    columns = choose_columns(files.first, inputs, outputs, weight, groups, filter)
    named = files.first.named
    input_names = columns.inputs if named else _numbered("x", columns.inputs)
    output_names = columns.outputs if named else _numbered("y", columns.outputs)
    parts = files.load(columns, limit)
    batches = FileBatches(files, columns, rows_of_a_batch(columns, files.dtype(columns), limit))
    samples: FileSamples
    if parts is not None:
        samples = LoadedSamples(**parts, input_names=input_names, output_names=output_names)
    else:
        samples = StreamedFiles(batches, input_names=input_names, output_names=output_names)
    samples.files = batches
    samples.fingerprint = fingerprint_of(files, columns)
    samples.notes = _notes(files.first, columns, {"inputs": inputs, "outputs": outputs})
    return samples


def read_inputs(
    path: Paths,
    *,
    names: Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    filter: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> tuple[AnyArray, tuple[str, ...]]:
    """Read inputs alone, as prediction needs them.

    Parameters
    ----------
    path, filter, delimiter, decimal, encoding
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
    X, found, _ = read_prediction_data(
        path,
        names=names,
        inputs=inputs,
        filter=filter,
        delimiter=delimiter,
        decimal=decimal,
        encoding=encoding,
    )
    return X, found


def read_prediction_data(
    path: Paths,
    *,
    names: Sequence[str] | None = None,
    inputs: str | Sequence[str] | None = None,
    outputs: Sequence[str] = (),
    filter: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> tuple[AnyArray, tuple[str, ...], AnyArray | None]:
    """Read inputs as :func:`read_inputs` does, and outputs to compare with if they are there.

    Parameters
    ----------
    path, names, inputs, filter, delimiter, decimal, encoding
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
    files = FileSet.open(path, Dialect(delimiter, decimal, encoding))
    table = files.first
    if names is None:
        chosen = table.names if inputs is None and not table.named else choose_inputs(table, inputs)
    else:
        names = tuple(names)
        chosen = _matching(table, names, inputs)
    taken = set(chosen)
    others = [name for name in table.names if name not in taken] if table.named else []
    found = tuple(spelt_alike(outputs, others).values())
    with_outputs = bool(outputs) and len(found) == len(outputs)
    columns = with_filter(table, Columns(chosen, found if with_outputs else ()), filter)
    parts = files.load(columns, None)
    assert parts is not None
    if not table.named:
        chosen = names or _numbered("x", chosen)
    return parts["X"], chosen, parts["Y"] if with_outputs else None


def _numbered(letter: str, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{letter}{j}" for j in range(len(columns)))


def _notes(
    table: Table, columns: Columns, asked: dict[str, str | Sequence[str] | None]
) -> tuple[str, ...]:
    """Say which columns look like inputs or outputs and are left out, as was asked for."""
    if not table.named:
        return ()
    used = {*columns.values, *columns.labels}
    notes = []
    for role, wanted in asked.items():
        left = left_out(table, role, used) if wanted is not None else ()
        if left:
            notes.append(
                f"{table.path} also has columns {abbreviated(left)}, which look like {role} and "
                "are left out"
            )
    return tuple(notes)


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
        chosen = (*table.names, *table.hidden)
    found = spelt_alike(names, chosen)
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(
            f"{table.path} lacks inputs of the model: {abbreviated(missing)}; "
            f"the columns are {abbreviated(chosen, table.names)}"
        )
    return tuple(found.values())
