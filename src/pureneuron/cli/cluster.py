"""``--dask``: files that the workers of a Dask cluster read, each its part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import rich_click as click

from pureneuron.cli.wording import telling_options
from pureneuron.samples import Paths, Samples, on_device, read_samples
from pureneuron.samples.files.paths import find_files

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
def opened_samples(
    paths: Paths, cluster: str | None, device: str | None = None, **reading: Any
) -> Iterator[Samples]:
    """Yield the samples in files, read here or by the workers of a cluster.

    Parameters
    ----------
    paths : str, Path or sequence of them
        As for :func:`~pureneuron.samples.read_samples`. With a cluster: Parquet files, at the same
        place for the workers and here.
    cluster : str or None
        Where the scheduler is; None to read here.
    device : str or None
        Where the rows are brought; None to leave them. Not with a cluster.
    **reading
        As for :func:`~pureneuron.samples.read_samples`; with a cluster ``inputs``, ``outputs``,
        ``weight`` and ``groups``.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        As :func:`~pureneuron.samples.read_samples` and :func:`~pureneuron.samples.on_device`.
    ConnectionError
        If there is no scheduler.
    """
    if cluster is None:
        samples: Samples = read_samples(paths, **reading)
        if device is not None:
            with telling_options():
                samples = on_device(samples, device)
        yield samples
        return
    columns = {name: reading.pop(name, None) for name in ("inputs", "outputs", "weight", "groups")}
    reading["device"] = device
    others = [f"{name}={value!r}" for name, value in reading.items() if value is not None]
    if others:
        with telling_options():
            raise ValueError(f"{others[0]} cannot be asked for with --dask")
    files = find_files(paths)
    if files[0].suffix.lower() not in _ENDINGS:
        raise ValueError(
            f"{files[0]}: with --dask, files must be Parquet ({', '.join(_ENDINGS)}); "
            f"{files[0].suffix} files are read without --dask"
        )
    try:
        import dask.dataframe as dd
        from distributed import Client

        from pureneuron.samples.dask import DaskSamples
    except ImportError as error:
        raise ImportError("--dask needs Dask: pip install 'pureneuron[dask]'") from error
    try:
        connected = Client(cluster, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"no Dask scheduler answers at {cluster}: {error}") from error
    source = str(files[0]) + (f" and {len(files) - 1} more files" if len(files) > 1 else "")
    with connected as client:
        frame = dd.read_parquet([str(file) for file in files])
        yield DaskSamples.from_frame(frame, **columns, client=client, source=source)
