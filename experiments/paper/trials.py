"""Trials that can be stopped at any time, and go on where they stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.parallel import in_parallel

__all__ = ["all_trials", "publish"]

Task = TypeVar("Task")
Key = TypeVar("Key", bound=tuple[Any, ...])
_KEEP_EVERY = 20


def all_trials(
    trial: Callable[[Task], dict[str, Any]], tasks: Mapping[tuple[Any, ...], Task], record: Path
) -> list[dict[str, Any]]:
    """Run those tasks that are not in ``record`` yet, and return what it holds then.

    Parameters
    ----------
    trial : callable
        What to do with a task; a module-level function.
    tasks : mapping
        Tasks by what they depend on, of strings and numbers: the ``key`` of a result.
    record : Path
        A JSON file of results.
    """
    record.parent.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = json.loads(record.read_text()) if record.exists() else []
    done = {tuple(result["key"]) for result in results}
    wanting = {key: task for key, task in tasks.items() if key not in done}
    made = in_parallel(trial, list(wanting.values()))
    for i, (key, result) in enumerate(zip(wanting, made, strict=True), 1):
        results.append({"key": list(key), **result})
        if i % _KEEP_EVERY == 0 or i == len(wanting):
            record.write_text(json.dumps(results) + "\n")
    return results


def publish(
    name: str,
    trial: Callable[[Key], dict[str, Any]],
    keys: Iterable[Key],
    page: Callable[[list[dict[str, Any]]], list[str]],
) -> list[dict[str, Any]]:
    """Run a trial for every key; write ``name.json``, and the lines of a page as ``name.md``."""
    output = Path("docs/figures/paper")
    results = all_trials(trial, {key: key for key in keys}, output / f"{name}.json")
    (output / f"{name}.md").write_text("\n".join(page(results)) + "\n")
    return results
