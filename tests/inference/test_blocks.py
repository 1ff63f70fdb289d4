"""Partitions of the rows: by order, by groups, by what repeats."""

from itertools import pairwise

import numpy as np
import pytest

from pureneuron.inference import Blocks, first_blocks
from pureneuron.inference.blocks import blocks_of_groups, consecutive_blocks, count_groups
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples, Batch
from pureneuron.samples.groups import GROUP
from pureneuron.samples.streamed import StreamedSamples


def numbered(n, *, groups=None, offset=0, repeat=1):
    """Rows that hold their own number."""
    X = np.repeat(np.arange(float(n)), repeat)[:, None] + 1.0
    extra = {} if groups is None else {"group": np.asarray(groups)}
    return Batch(X, 2.0 * X, offset=offset, extra=extra)


def posed(n, groups=None, batches=None):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((n, 2)), rng.standard_normal((n, 1))
    if batches is None:
        return pose(ArraySamples(X, Y, groups=groups))
    parts = np.array_split(np.arange(n), batches)
    return pose(StreamedSamples(lambda: ((X[p], Y[p], None, np.asarray(groups)[p]) for p in parts)))


@pytest.mark.parametrize("n_batches", [1, 3, 10])
@pytest.mark.parametrize(("n_rows", "n_blocks"), [(100, 7), (64, 64), (65, 64), (3, 10), (10, 1)])
def test_consecutive_rows_lie_in_one_block_whatever_the_batches(n_rows, n_blocks, n_batches):
    blocks = consecutive_blocks(n_rows, n_blocks)
    found = [[] for _ in range(blocks.n_blocks)]
    for part in np.array_split(np.arange(n_rows), n_batches):
        if not len(part):
            continue
        batch = Batch(part[:, None] + 1.0, part[:, None] + 1.0, offset=int(part[0]))
        numbers = []
        for number, rows in blocks.split(batch):
            found[number] += list(rows.X[:, 0] - 1.0)
            numbers += [number] * len(rows.X)
            assert rows.offset == rows.X[0, 0] - 1.0
        assert numbers == list(blocks.numbers(batch))
    assert np.array_equal(np.concatenate(found), np.arange(n_rows))
    sizes = [len(rows) for rows in found]
    # All of one length but the last, which has what is left over.
    assert set(sizes[:-1]) <= {blocks.length}
    assert blocks.length <= sizes[-1] < 2 * blocks.length


def test_groups_stay_together_and_keep_their_rows():
    groups = np.array([2, 0, 2, 1, 1, 0, 2])
    found = dict(Blocks(4, "groups").split(numbered(7, groups=groups)))
    assert {number: list(rows.X[:, 0] - 1.0) for number, rows in found.items()} == {
        0: [1, 5],
        1: [3, 4],
        2: [0, 2, 6],
    }


def test_rows_that_are_equal_share_a_block():
    batch = numbered(50, repeat=3)
    number = Blocks(16, "rows").numbers(batch).reshape(50, 3)
    assert np.all(number == number[:, :1])
    assert len(np.unique(number)) > 8
    # Other outputs make another row.
    other = Batch(batch.X, -batch.Y)
    assert not np.array_equal(Blocks(16, "rows").numbers(other), number.ravel())
    parts = Blocks(16, "rows").split(batch)
    assert all(set(rows.X[:, 0]) <= set(batch.X[number.ravel() == b, 0]) for b, rows in parts)


def test_few_groups_have_a_block_each():
    problem = posed(60, np.repeat(["a", "b", "c"], 20))
    assert problem.grouped
    assert first_blocks(problem) == Blocks(3, "groups")
    assert not posed(60).grouped
    assert first_blocks(posed(60)).kind == "order"


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(200),
        -np.arange(1, 201),
        1000 * np.arange(200),
        2**40 * np.arange(200),
        86_400 * 10**9 * np.arange(200),
        [f"subject {i}" for i in range(200)],
    ],
    ids=["numbered", "negative", "thousands", "powers", "days", "texts"],
)
def test_many_groups_are_spread_whatever_their_numbers(labels):
    # A source that streams has no numbers for its groups but what the labels say.
    problem = posed(1000, np.repeat(labels, 5), batches=4)
    blocks = blocks_of_groups(problem, 64)
    assert blocks.n_blocks == 64
    seen = {}
    sizes = np.zeros(64)
    for number, rows in _all_parts(problem, blocks):
        sizes[number] += len(rows)
        for row in rows:
            seen.setdefault(int(row) // 5, set()).add(number)
    assert len(seen) == 200
    assert all(len(numbers) == 1 for numbers in seen.values())
    # Three groups of five rows a block; texts are hashed, others are more even.
    assert np.sum(sizes == 0) < 16
    assert sizes.max() <= 60


@pytest.mark.parametrize("first", [0, 1, -70, 20_000])
def test_groups_that_are_numbered_one_after_the_other_stay_in_order(first):
    problem = posed(1000, np.repeat(first + np.arange(200), 5), batches=4)
    blocks = blocks_of_groups(problem, 60)
    assert blocks.n_blocks == 60
    number = np.concatenate([np.full(len(rows), b) for b, rows in _all_parts(problem, blocks)])
    assert np.all(np.diff(number) >= 0)
    assert set(np.bincount(number)) <= {15, 20}
    assert count_groups(problem) == pytest.approx(200, rel=0.02)


def test_groups_are_counted_whatever_their_numbers():
    rng = np.random.default_rng(0)
    for n in (1, 12, 300, 5000, 100_000):
        for labels in (rng.integers(2**60, size=n), np.arange(n), 1000 * np.arange(n)):
            problem = posed(n, labels, batches=3)
            assert count_groups(problem) == pytest.approx(n, rel=0.03)


def test_very_many_groups_are_counted_and_spread():
    rng = np.random.default_rng(0)
    problem = posed(1_000_000, rng.integers(2**60, size=1_000_000), batches=2)
    assert count_groups(problem) == pytest.approx(1_000_000, rel=0.03)
    assert blocks_of_groups(problem, 50).spread
    assert not blocks_of_groups(problem, 50).has_order


def _all_parts(problem, blocks):
    """Yield the numbers of the rows in the parts of blocks."""
    parts, offset = [], 0

    def gather(batch):
        nonlocal offset
        number = blocks.numbers(batch)
        parts.extend((int(b), offset + np.flatnonzero(number == b)) for b in np.unique(number))
        offset += len(number)
        return {}

    problem.samples.reduce(gather)
    return parts


@pytest.mark.parametrize("kind", ["order", "groups"])
@pytest.mark.parametrize("n_rows", [7, 40, 1000])
def test_runs_hold_all_rows_block_by_block(kind, n_rows):
    rng = np.random.default_rng(0)
    X, Y = np.arange(230.0)[:, None], np.zeros((230, 1))
    labels = rng.integers(0, 9, 230)
    blocks = consecutive_blocks(230, 11) if kind == "order" else Blocks(9, "groups")
    own = blocks.numbers(Batch(X, Y, extra={GROUP: labels}))
    seen = {}
    for edges in ((0, 230), (0, 33, 34, 120, 230)):
        for start, stop in pairwise(edges):
            rows = slice(start, stop)
            batch = Batch(X[rows], Y[rows], offset=start, extra={GROUP: labels[rows]})
            found = []
            for run in blocks.runs(batch, n_rows):
                values = run.rows.X[:, 0].astype(int)
                assert 0 < len(values) <= n_rows
                assert [rows.start for _, rows in run.blocks[1:]] == [
                    rows.stop for _, rows in run.blocks[:-1]
                ]
                assert run.blocks[-1][1].stop == len(values)
                for number, rows in run.blocks:
                    assert np.all(own[values[rows]] == number)
                for value in values:
                    # The number of a row's run does not hang on how rows come.
                    assert seen.setdefault(value, run.number) == run.number
                found += values.tolist()
            assert sorted(found) == list(range(start, stop))
    if kind == "order" and n_rows == 40:
        assert len(set(seen.values())) > 3
