"""How a method looks in every figure and on the page, and how its name is shown.

Methods are styled by their place in the report (the best first), never by name: names come from file
names and may hold anything.
"""

import dataclasses

# Okabe and Ito's colours stay apart for colour-blind readers; dashes and hatches do in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ((), (6, 2.5), (6, 2, 1.5, 2), (1.5, 2))
HATCHES = ("", "//", "..", "xx")


@dataclasses.dataclass(frozen=True)
class Style:
    """One method's look.

    Args:
        key: str. ``m0``, ``m1``, ...: what stands for the method in identifiers and classes.
        colour: str. ``#RRGGBB``.
        dash: tuple of lengths of lines and gaps in points; () is a whole line.
        hatch: str. Matplotlib's.
    """

    key: str
    colour: str
    dash: tuple
    hatch: str

    @property
    def line(self):
        """Matplotlib's ``linestyle``."""
        return (0, self.dash) if self.dash else "-"


def style(place):
    """``Style`` of the method at a place, 0 the first. Seven colours by four dashes make 28."""
    picked = (values[place % len(values)] for values in (COLOURS, DASHES, HATCHES))
    return Style(f"m{place}", *picked)


def styles(methods):
    """{name: Style} of methods in the report's order."""
    return {name: style(place) for place, name in enumerate(methods)}


def shown(name):
    """A name in printable characters: line ends, controls and broken encodings become U+FFFD."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
