"""How graphs get to a Dask cluster, or to Dask's own scheduler, and answers back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle
import dask
from dask import delayed

from pureneuron.samples.dask.partitions import unpacked

__all__ = ["computed", "current_client", "packed", "persisted", "refuse_unreadable"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide how tasks are run.

    Attributes
    ----------
    retries : int
        Times that a task is tried again when it fails on a worker: a disk or a connection may be
        away for a moment.
    """

    retries: int = 3


THRESHOLDS = Thresholds()


def current_client() -> Any:
    """Return the client that Dask would use; None if that is its own scheduler."""
    try:
        from distributed import default_client

        return default_client()
    except (ImportError, ValueError):
        return None


def packed(fn: Callable[..., Any], params: tuple[Any, ...]) -> Any:
    """Return the task that gives ``(fn, *params)`` to others, on each worker once."""
    return delayed(unpacked)(cloudpickle.dumps((fn, *params)))


def persisted(client: Any, values: Sequence[Any]) -> list[Any]:
    """Return the values as they are held where they were made; with a client, at once."""
    if client is None:
        return list(dask.persist(*values))
    return list(client.persist(list(values), retries=THRESHOLDS.retries))


def computed(client: Any, values: Sequence[Any]) -> list[Any]:
    """Return the values themselves, here."""
    if client is None:
        return list(dask.compute(*values))
    futures = client.compute(list(values), retries=THRESHOLDS.retries)
    return list(client.gather(futures))


def refuse_unreadable(pieces: Sequence[Any], client: Any, source: str) -> None:
    """Look for the piece of a frame that cannot be read; Dask's own errors do not tell which.

    Raises
    ------
    ValueError
        If there is one; the message gives its number.
    """
    for i, piece in enumerate(pieces):
        try:
            computed(client, [delayed(len)(piece)])
        except (KeyError, OSError, ValueError) as error:
            why = error.args[0] if isinstance(error, KeyError) else error
            raise ValueError(
                f"partition {i} of {source} cannot be read: {why}; partitions must have the same "
                "columns, and files must be whole"
            ) from error
