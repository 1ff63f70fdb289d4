"""What a report reads of a recovery or an identification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pureneuron.model import TwoLayerNetwork
from pureneuron.results import StageReport, Status
from pureneuron.row_sample import RowSample
from pureneuron.standard_errors import StandardErrors

__all__ = ["Result"]


class Result(Protocol):
    """The outcome of a run; :class:`pureneuron.recovery.Recovery` says what each part is."""

    @property
    def network(self) -> TwoLayerNetwork:
        """The estimate."""

    @property
    def status(self) -> Status:
        """Whether it can be relied on."""

    @property
    def reason(self) -> str:
        """What led to the status."""

    @property
    def advice(self) -> str:
        """What to do."""

    @property
    def certified(self) -> bool:
        """Whether all tests agree."""

    @property
    def stages(self) -> tuple[StageReport, ...]:
        """What each stage saw."""

    @property
    def n_iter(self) -> int:
        """Iterations of the descent that won."""

    @property
    def n_passes(self) -> int:
        """Passes over the data."""

    @property
    def input_names(self) -> Sequence[str]:
        """Names of the inputs."""

    @property
    def output_names(self) -> Sequence[str]:
        """Names of the outputs."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may be wrong."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What else there is to know."""

    @property
    def standard_errors(self) -> StandardErrors | None:
        """Standard errors of the entries of the network."""

    @property
    def rows(self) -> RowSample | None:
        """Some rows beside what the network predicts."""

    @property
    def bic(self) -> float:
        """Information criterion; −inf for an exact fit."""

    @property
    def call(self) -> str:
        """What repeats it."""

    def facts(self) -> list[tuple[str, str]]:
        """Return what there is to know first, as names and values."""

    def effort(self) -> str:
        """Return what it took, in words."""

    def summary(
        self,
        *,
        level: float = 0.95,
        max_rows: int | None = 200,
        worded: Callable[[str], str] = str,
    ) -> str:
        """Return the table of all weights."""
