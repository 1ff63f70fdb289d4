"""``--dask``: files that the workers of a Dask cluster read, each its part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from pureneuron.samples import Samples, read_samples

__all__ = ["cluster_option", "opened_samples"]

F = TypeVar("F", bound=Callable[..., Any])

_ENDINGS = (".parquet", ".pq")
_SECONDS = 10


def cluster_option(command: F) -> F:
    """Add ``--dask``."""
    return click.option(
        "--dask",
        "cluster",
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster (tcp://…) whose workers read SAMPLES, Parquet files, a "
        "folder or a pattern of them, and hold the rows.",
    )(command)


@contextmanager
def opened_samples(path: Path, cluster: str | None, **columns: str | None) -> Iterator[Samples]:
    """Yield the samples in ``path``, read here or by the workers of a cluster.

    Parameters
    ----------
    path : Path
        As for :func:`~pureneuron.samples.read_samples`. With a cluster: a Parquet file, a folder
        of them or a pattern, at the same place for the workers and here.
    cluster : str or None
        Where the scheduler is; None to read here.
    **columns
        ``inputs``, ``outputs``, ``weight`` and ``groups``, as for
        :func:`~pureneuron.samples.read_samples`.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        As :func:`~pureneuron.samples.read_samples`.
    ConnectionError
        If there is no scheduler.
    """
    if cluster is None:
        yield read_samples(path, **columns)
        return
    # A folder has no ending, or any.
    if path.suffix.lower() not in ("", *_ENDINGS) and not path.is_dir():
        raise ValueError(
            f"{path}: with --dask, files must be Parquet ({', '.join(_ENDINGS)}), or a folder or "
            f"pattern of such files; {path.suffix} files are read without --dask"
        )
    try:
        import dask.dataframe as dd
        from distributed import Client

        from pureneuron.samples.dask import DaskSamples
    except ImportError as error:
        raise ImportError("--dask needs Dask: pip install 'pureneuron[dask]'") from error
    if not glob(str(path)):
        raise FileNotFoundError(f"there is no file {path}")
    try:
        connected = Client(cluster, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {cluster}: {error}") from error
    with connected as client:
        frame = dd.read_parquet(str(path))
        yield DaskSamples.from_frame(
            frame,
            columns.get("inputs"),
            columns.get("outputs"),
            columns.get("weight"),
            columns.get("groups"),
            client,
            source=str(path),
        )
