"""How far a step goes: the damping of Levenberg and Marquardt, and the length along a step.

The damping μ follows Nielsen's rule: after a step of gain ratio ρ it is multiplied by
``max(1/10, 1 − (2ρ − 1)³)``, after a refusal by 2, 4, 8, ….

Far from a minimum ρ is near 2, for the model knows nothing of the neurons' turning away from one
another: the step after such a gain is stretched by half. And where a step has been a mere multiple
of the preconditioned gradient, the next are the same multiple of theirs as long as that goes well
(far away, or where the first has shown that this solves the system): it saves the products that
measure it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pureneuron.optimize.quadratic_model import Step

__all__ = ["Damping", "StepLength", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    first, trusted : float
        First damping of a start from anywhere, and of one that is trusted (success.py).
    smallest : float
        Damping never falls below this (rounding).
    fastest : float
        Factor by which a good step lowers it at most (Nielsen's rule).
    stretch : float
        A step that gained so much more than was predicted is far from a minimum, and the next is
        longer by as much (success.py, make bench).
    far : float
        The scale of steps is taken over while they gain more than this (make bench).
    as_good : float
        The same for a scale that is known to be reliable (make bench).
    """

    first: float = 1e-2
    trusted: float = 1e-4
    smallest: float = 1e-12
    fastest: float = 0.1
    stretch: float = 1.5
    far: float = 1.2
    as_good: float = 0.5


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Damping:
    """The damping μ, and the factor of the next refusal."""

    value: float
    growth: float = 2.0

    def after_gain(self, ratio: float) -> Damping:
        """Return the damping after a step that gained ``ratio`` times what was predicted."""
        factor = max(THRESHOLDS.fastest, 1.0 - (2.0 * ratio - 1.0) ** 3)
        return Damping(max(self.value * factor, THRESHOLDS.smallest))

    def after_refusal(self) -> Damping:
        """Return the damping after a step that was refused."""
        return Damping(self.value * self.growth, 2.0 * self.growth)


@dataclass(frozen=True)
class StepLength:
    """What the steps so far say of the next one's length.

    Attributes
    ----------
    scale : float or None
        What the preconditioned gradient is to be multiplied by; None where it must be measured.
    reliable : bool
        Whether that was seen to leave next to nothing of the system.
    stretch : float
        What the step is to be multiplied by.
    """

    scale: float | None = None
    reliable: bool = False
    stretch: float = 1.0

    def after_gain(self, ratio: float, step: Step) -> StepLength:
        """Return the length after a step that gained ``ratio`` times what was predicted."""
        reliable = step.reliable if self.scale is None else self.reliable
        if reliable:
            least = THRESHOLDS.as_good
        else:
            least = THRESHOLDS.stretch if self.scale is None else THRESHOLDS.far
        return StepLength(
            scale=step.scale if ratio > least else None,
            reliable=reliable,
            stretch=THRESHOLDS.stretch if ratio > THRESHOLDS.stretch else 1.0,
        )

    def after_refusal(self) -> StepLength:
        """Return the length after a step that was refused: it is measured anew."""
        return StepLength(reliable=self.reliable)
