"""Which rows are meant: an expression over columns, such as ``speed > 0.5 and trial != 3``."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pureneuron.typing import AnyArray

__all__ = ["Filter"]

_Mask: TypeAlias = NDArray[np.bool_]
_Truth: TypeAlias = tuple[_Mask, _Mask]  # Rows where it holds, and where its negation does.

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_MOST_EXACT = 2**53  # numbers of columns are doubles, which hold no larger whole number exactly
_QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Filter:
    """An expression that says which rows are meant.

    Columns are compared (``== != < <= > >=``, ``in``, ``not in``) with numbers, texts and one
    another; comparisons are joined by ``and``, ``or`` and ``not``. Names that are no words stand in
    backquotes. As in SQL, a missing value neither meets a comparison nor its opposite.

    Parameters
    ----------
    text : str
        The expression. It is read by a parser of these words alone; nothing is evaluated as Python.

    Attributes
    ----------
    numbers, texts : tuple of str
        The columns that are compared with numbers, and those that are compared with text.

    Raises
    ------
    ValueError
        If it is no such expression, compares a column with numbers and with text, or with a whole
        number that doubles do not hold.
    """

    text: str
    _tree: ast.expr = field(init=False, repr=False, compare=False)
    numbers: tuple[str, ...] = field(init=False, repr=False)
    texts: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        quoted: dict[str, str] = {}

        def replaced(found: re.Match[str]) -> str:
            word = f"quoted_column_{len(quoted)}"
            quoted[word] = found[1]
            return word

        try:
            tree = ast.parse(_QUOTED.sub(replaced, self.text).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError) as error:
            raise ValueError(f"the filter {self.text!r} cannot be read: {error}") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = quoted.get(node.id, node.id)
        object.__setattr__(self, "_tree", tree)
        kinds: dict[str, bool] = {}
        for name, is_text in self._columns(tree):
            if kinds.setdefault(name, is_text) != is_text:
                raise self._wrong(f"it compares {name} with numbers and with text")
        if not kinds:
            raise self._wrong("it names no column")
        object.__setattr__(self, "numbers", tuple(n for n, is_text in kinds.items() if not is_text))
        object.__setattr__(self, "texts", tuple(n for n, is_text in kinds.items() if is_text))

    def rows(self, columns: Mapping[str, AnyArray]) -> _Mask:
        """Return which rows are meant.

        Parameters
        ----------
        columns : mapping of str to (n,) array
            The columns that the expression names.
        """
        return self._truth(self._tree, columns)[0]

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"the filter {self.text!r} cannot be used: {what}")

    def _columns(self, node: ast.expr) -> Iterator[tuple[str, bool]]:
        """Yield each column, and whether it is compared with text."""
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._columns(value)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield from self._columns(node.operand)
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            is_text = any(
                isinstance(each, str)
                for side in sides
                if not isinstance(side, ast.Name)
                for each in np.atleast_1d(self._constant(side)).tolist()
            )
            yield from ((side.id, is_text) for side in sides if isinstance(side, ast.Name))
        elif isinstance(node, ast.Name):
            yield node.id, False
        else:
            raise self._wrong(
                f"{ast.unparse(node)} is no comparison (==, !=, <, <=, >, >=, in) of a column, "
                "nor comparisons joined by and, or, not"
            )

    def _constant(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            if isinstance(node.value, int) and node.value > _MOST_EXACT:
                raise self._wrong(
                    f"whole numbers are told apart up to 2⁵³ = {_MOST_EXACT}, and {node.value} is "
                    "beyond: filter by a column of text, or of smaller numbers"
                )
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self._constant(node.operand)
            if isinstance(value, int | float):
                return -value
        if isinstance(node, ast.List | ast.Tuple):
            values = [self._constant(each) for each in node.elts]
            if values and len({isinstance(value, str) for value in values}) == 1:
                return values
        raise self._wrong(f"{ast.unparse(node)} is neither a column nor numbers or text")

    def _truth(self, node: ast.expr, columns: Mapping[str, AnyArray]) -> _Truth:
        if isinstance(node, ast.BoolOp):
            truths = [self._truth(value, columns) for value in node.values]
            yes, no = ([truth[i] for truth in truths] for i in (0, 1))
            if isinstance(node.op, ast.And):
                return np.logical_and.reduce(yes), np.logical_or.reduce(no)
            return np.logical_or.reduce(yes), np.logical_and.reduce(no)
        if isinstance(node, ast.UnaryOp):
            met, unmet = self._truth(node.operand, columns)
            return unmet, met
        if isinstance(node, ast.Name):
            values, known = self._values(node, columns)
            return known & (values != 0), known & (values == 0)
        assert isinstance(node, ast.Compare)
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        steps = [self._compared(left, op, right, columns) for left, op, right in pairs]
        return (
            np.logical_and.reduce([step[0] for step in steps]),
            np.logical_or.reduce([step[1] for step in steps]),
        )

    def _compared(
        self, left: ast.expr, op: ast.cmpop, right: ast.expr, columns: Mapping[str, AnyArray]
    ) -> _Truth:
        a, a_known = self._values(left, columns)
        b, b_known = self._values(right, columns)
        if isinstance(op, ast.In | ast.NotIn):
            wanted = np.asarray(b, dtype=a.dtype if a.dtype.kind == "M" else None)
            met = np.isin(a, wanted)
            met = ~met if isinstance(op, ast.NotIn) else met
        elif type(op) in _COMPARISONS:
            if getattr(a, "dtype", np.dtype(bool)).kind == "M":
                b = np.datetime64(b)
            elif getattr(b, "dtype", np.dtype(bool)).kind == "M":
                a = np.datetime64(a)
            met = _COMPARISONS[type(op)](a, b)
        else:
            raise self._wrong("columns are compared by ==, !=, <, <=, >, >=, in and not in")
        known = a_known & b_known
        return known & met, known & ~met

    def _values(self, node: ast.expr, columns: Mapping[str, AnyArray]) -> tuple[Any, Any]:
        """Return the values of an operand, and which of them are known."""
        if not isinstance(node, ast.Name):
            return self._constant(node), np.bool_(True)
        values = np.asarray(columns[node.id])
        if node.id in self.numbers:
            if values.dtype.kind in "OSU":
                values = np.array([_number(value) for value in values.tolist()])
            return values, ~np.isnan(values)
        if values.dtype.kind == "M":
            return values, ~np.isnat(values)
        if values.dtype.kind not in "OSU":
            raise self._wrong(f"column {node.id} holds numbers, which are compared with numbers")
        known = np.array([value is not None and value == value for value in values.tolist()])
        return np.where(known, values, "").astype(str), known


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
