"""How a pass uses the processor's cores: threads of our own over batches, one BLAS thread each.

Products of a few thousand rows are too small for the threads of a BLAS: they wait for one another
by spinning, and where another process wants the same cores they wait for it at every product. A
thread that takes whole batches waits once a pass; a few batches are the work of one thread, which
is as fast. Batches merge in the order of their rows,
whoever has worked on them: results are the same to the last bit for any number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, TypeVar

import joblib
from joblib.parallel import get_active_backend
from threadpoolctl import ThreadpoolController

__all__ = [
    "effective_n_jobs",
    "one_blas_thread",
    "over_batches",
    "over_stream",
    "using_cores",
]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    batches : int
        Batches from which on threads gain more than they wait for the interpreter (make bench).
    ahead : int
        Batches of a stream that are read and not merged yet: enough that no thread waits, and few
        that are held (make bench-scale).
    """

    batches: int = 4
    ahead: int = 4


THRESHOLDS = Thresholds()

T = TypeVar("T")
U = TypeVar("U")

_POOL: ContextVar[ThreadPoolExecutor | None] = ContextVar("pool", default=None)


def effective_n_jobs(n_jobs: int | None) -> int:
    """Return the number of threads that ``n_jobs`` stands for, as scikit-learn counts them.

    None is all cores that this process may use, or ``OMP_NUM_THREADS`` if that is fewer; within a
    parallel loop of joblib, whose threads use the cores already, it is one. −1 is all cores, −2 all
    but one.
    """
    if n_jobs is not None:
        return int(joblib.effective_n_jobs(n_jobs))
    if get_active_backend()[0].nesting_level:
        return 1
    cores = int(joblib.cpu_count())
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(asked)) if asked.isdigit() and int(asked) > 0 else cores


@contextmanager
def using_cores(n_jobs: int | None) -> Iterator[None]:
    """Have passes within use so many threads, and the BLAS one in each."""
    n_threads = effective_n_jobs(n_jobs)
    with _controller().limit(limits=1, user_api="blas"):
        if n_threads == 1:
            yield
            return
        with ThreadPoolExecutor(n_threads, thread_name_prefix="pureneuron") as pool:
            token = _POOL.set(pool)
            try:
                yield
            finally:
                _POOL.reset(token)


def over_batches(work: Callable[[T], U], batches: Iterable[T]) -> Iterable[U]:
    """Do work on each batch, in the threads that there are; results come in order."""
    pool, batches = _POOL.get(), list(batches)
    if pool is None or len(batches) < THRESHOLDS.batches:
        return map(work, batches)
    # What a caller has set for its own thread, such as how rounding errors are handled, holds.
    contexts = [copy_context() for _ in batches]
    return pool.map(lambda context, batch: context.run(work, batch), contexts, batches)


def over_stream(work: Callable[[T], U], batches: Iterable[T]) -> Iterator[U]:
    """Do work on batches as they come, in the threads that there are; results come in order.

    The caller's thread reads on while others work, but not far: few batches are held at a time.
    """
    pool = _POOL.get()
    if pool is None:
        yield from map(work, batches)
        return
    ahead: deque[Future[U]] = deque()
    try:
        for batch in batches:
            ahead.append(pool.submit(copy_context().run, work, batch))
            if len(ahead) > THRESHOLDS.ahead:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Have the BLAS use one thread within: for tasks in threads that are not ours.

    The limit is the process's own. The first of the tasks that run at a time sets it, and the last
    one lifts it.
    """
    with _TASKS.lock:
        if not _TASKS.running:
            _TASKS.limit = _controller().limit(limits=1, user_api="blas")
        _TASKS.running += 1
    try:
        yield
    finally:
        with _TASKS.lock:
            _TASKS.running -= 1
            if not _TASKS.running:
                _TASKS.limit.restore_original_limits()


@dataclass
class _Tasks:
    """How many tasks run in this process, and the limit that they share."""

    lock: Any
    running: int = 0
    limit: Any = None


_TASKS = _Tasks(Lock())


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
