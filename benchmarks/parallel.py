"""Many fits at a time: two processes of one thread each."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

__all__ = ["in_parallel"]

Task = TypeVar("Task")


def in_parallel(
    run: Callable[[Task], dict[str, Any]], tasks: Sequence[Task], *, chunksize: int = 1
) -> Iterator[dict[str, Any]]:
    """Yield ``run(task)`` for each task in order, and print how far it has come."""
    # The processes inherit these; ours only waits for them.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for i, result in enumerate(pool.imap(run, tasks, chunksize=chunksize), 1):
            yield result
            print(f"\r{i} of {len(tasks)} fits", end="", flush=True)
    print()
