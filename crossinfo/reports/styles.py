"""How a method looks in every figure and on the page, and how its name is shown.

A method's style depends on its place in the report (the best first), never on its name: names come from file
names and may hold anything.
"""

import dataclasses
from collections.abc import Iterable

# Okabe and Ito's colours, which colour-blind readers can tell apart; dashes and hatches do so in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ((), (6, 2.5), (6, 2, 1.5, 2), (1.5, 2))
HATCHES = ("", "//", "..", "xx")


@dataclasses.dataclass(frozen=True)
class Style:
    """One method's look.

    Args:
        key: ``m0``, ``m1``, ...: stands for the method in identifiers and classes.
        colour: ``#RRGGBB``.
        dash: lengths of dashes and gaps in points; () is a solid line.
        hatch: matplotlib's name of it.
    """

    key: str
    colour: str
    dash: tuple[float, ...]
    hatch: str

    @property
    def line(self) -> str | tuple[float, tuple[float, ...]]:
        """Matplotlib's ``linestyle``."""
        return (0, self.dash) if self.dash else "-"


def style(place: int) -> Style:
    """Style of the method at a place, from 0. Seven colours times four dashes make 28 different ones."""
    picked = (values[place % len(values)] for values in (COLOURS, DASHES, HATCHES))
    return Style(f"m{place}", *picked)


def styles(methods: Iterable[str]) -> dict[str, Style]:
    """{name: Style} of methods in the report's order."""
    return {name: style(place) for place, name in enumerate(methods)}


def shown(name: str) -> str:
    """A name in printable characters; line ends, control characters and bad encodings become U+FFFD."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
