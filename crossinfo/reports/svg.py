"""A matplotlib figure as PNG, as PDF, and as the page's inline SVG."""

import io
import pathlib
import re
import xml.etree.ElementTree as ElementTree

import matplotlib
from matplotlib.figure import Figure

from crossinfo.reports.figures import INK
from datasets.io import atomic

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
PAGE_SIZE_INCHES = (5.3, 3.7)
NARROW_INCHES, WIDE_INCHES = 7, 9.4
REFERENCE = re.compile(r"url\(#([^)]+)\)")
# The gid of a method's artists.
KEY = re.compile(r"m\d+")


def save(figure: Figure, folder: pathlib.Path, name: str) -> None:
    """Writes a figure as PNG and as PDF, atomically and without a time stamp.

    Args:
        figure: Figure.
        folder: where to write.
        name: the files' name, without its ending.
    """
    for ending, metadata in (("png", {"Software": None}), ("pdf", {"CreationDate": None})):
        with atomic.atomic_write(folder / f"{name}.{ending}", "wb") as file:
            figure.savefig(file, format=ending, metadata=metadata)


def svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an ``<svg>`` element for the page, without the legend and title, which the page has.

    Text and axes take the page's colour. A method's artists get its key as their class. No element has a
    ``style`` attribute (a strict content security policy ignores it), and every identifier begins with
    ``name``.

    Args:
        figure: what to draw; it is changed.
        name: letters and "_", different for each figure of the page.
        description: the text alternative.
    """
    root = ElementTree.fromstring(_plain(figure, name))
    used = _references(root)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{SVG}metadata", f"{SVG}style"):
                parent.remove(child)
    for element in root.iter():
        _clean(element, name, used)
    for side in ("width", "height"):
        del root.attrib[side]
    root.attrib.update({"role": "img", "aria-label": description, "class": "figure"})
    return ElementTree.tostring(root, encoding="unicode")


def _plain(figure, name):
    for legend in list(figure.legends):
        legend.remove()
    for axes in figure.axes:
        axes.set_title("")
    # A wide figure stays wide on the page; the size of its text is what counts.
    width, height = PAGE_SIZE_INCHES
    figure.set_size_inches(width if figure.get_figwidth() <= NARROW_INCHES else WIDE_INCHES, height)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return text.getvalue()


def _references(root):
    """Identifiers that some attribute refers to."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = {identifier for value in values for identifier in REFERENCE.findall(value)}
    return used | {element.get(XLINK)[1:] for element in root.iter() if XLINK in element.attrib}


def _clean(element, name, used):
    """Strips the namespace, turns style into attributes, prefixes identifiers, takes the page's ink."""
    element.tag = element.tag.removeprefix(SVG)
    attributes = dict(element.attrib)
    for declaration in filter(None, attributes.pop("style", "").split(";")):
        key, value = declaration.split(":", 1)
        attributes[key.strip()] = value.strip()
    # Text takes the page's font.
    attributes.pop("font-family", None)
    own = attributes.pop("id", "")
    if own in used:
        attributes["id"] = f"{name}-{own}"
    elif KEY.fullmatch(own):
        attributes["class"] = own
    if XLINK in attributes:
        attributes["href"] = f"#{name}-{attributes.pop(XLINK)[1:]}"
    element.attrib.clear()
    element.attrib.update({key: _value(value, name) for key, value in attributes.items()})


def _value(value, name):
    if value.lower() in (INK, "#000000"):
        return "currentColor"
    return REFERENCE.sub(rf"url(#{name}-\1)", value)
