"""Figures as Markdown: ratios and their medians, tables, and whether each target is kept. No measuring."""

import statistics
from collections.abc import Iterable, Sequence

import attrs

__all__ = ["Control", "Verdict", "at_least", "at_most", "below", "conclusion", "median_ratio", "table", "unproven"]

#: Where the ratio of the same thing to itself must lie, or nothing else that was measured with it means anything.
_LOWEST, _HIGHEST = 0.95, 1.05


def median_ratio(figures: Iterable[float], reference: Iterable[float]) -> float:
    """The median of the ratios to *reference*, each of the same round.

    A slow moment of the machine meets both of a round, and leaves their ratio alone.
    """
    return statistics.median(figure / other for figure, other in zip(figures, reference, strict=True))


@attrs.frozen
class Verdict:
    """Whether one target is kept."""

    claim: str
    #: What was measured against what was promised.
    figure: str
    kept: bool

    def __str__(self) -> str:
        return f"- {'kept' if self.kept else '**missed**'}: {self.claim}: {self.figure}"


def at_most(claim: str, figure: float, target: float, unit: str = "×", digits: int = 2) -> Verdict:
    """*claim* is kept where *figure* is *target* or less."""
    return _judged(claim, figure, "at most", target, unit, digits, figure <= target)


def below(claim: str, figure: float, target: float, unit: str, digits: int = 1) -> Verdict:
    """*claim* is kept where *figure* is less than *target*."""
    return _judged(claim, figure, "below", target, unit, digits, figure < target)


def at_least(claim: str, figure: float, target: float, unit: str = "×", digits: int = 2) -> Verdict:
    """*claim* is kept where *figure* is *target* or more."""
    return _judged(claim, figure, "at least", target, unit, digits, figure >= target)


def _judged(claim: str, figure: float, relation: str, target: float, unit: str, digits: int, kept: bool) -> Verdict:
    shown = f"{figure:.{digits}f}"
    if not kept and shown == f"{target:.{digits}f}":
        shown = f"{figure:.{digits + 2}f}"
    return Verdict(claim, f"{shown}, target {relation} {target:.{digits}f} {unit}".rstrip(), kept)


def unproven(claim: str, missing: str) -> Verdict:
    """*claim* cannot be kept where what it is measured against is *missing*."""
    return Verdict(claim, f"not measured, {missing}", False)


@attrs.frozen
class Control:
    """The same thing measured twice as if it were two, by the setting it was measured in."""

    ratios: dict[str, float]

    @property
    def void(self) -> bool:
        """Whether one of the ratios is too far from 1 for the others to mean anything."""
        return not all(_LOWEST <= ratio <= _HIGHEST for ratio in self.ratios.values())

    def __str__(self) -> str:
        listed = ", ".join(f"{ratio:.2f}" + (f" ({name})" if name else "") for name, ratio in self.ratios.items())
        line = f"- control, the same thing twice: {listed}"
        if not self.void:
            return line
        return f"{line}\n\n**This run is void: its control is outside {_LOWEST} to {_HIGHEST}.**"


def conclusion(verdicts: Iterable[Verdict], control: Control | None = None) -> tuple[str, int]:
    """The lines under a table, and the exit code: 0 where every target is kept and the run is not void."""
    found = list(verdicts)
    void = control is not None and control.void
    lines = [*map(str, found), *([] if control is None else [str(control)])]
    return "\n".join(lines), 0 if all(verdict.kept for verdict in found) and not void else 1


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A Markdown table, its first *texts* columns text and the others numbers."""
    aligned = ["---"] * texts + ["--:"] * (len(head) - texts)
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(aligned)}|", *[f"| {' | '.join(row)} |" for row in rows]]
    return "\n".join(line.replace("  ", " ") for line in lines)
