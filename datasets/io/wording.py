"""Words from files, servers and users on their way to a terminal or a table."""

_STARTS_A_FORMULA = ("=", "+", "-", "@")


def printable(text: object, keep: str = "") -> str:
    """A text that commands no terminal: control and format characters become ``\\x1b`` and the like.

    Args:
        text: its ``str`` is taken.
        keep: characters to keep all the same, e.g. line ends.
    """
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape").decode()
        for character in str(text)
    )


def csv_cell(text: object) -> str:
    """A text as a cell of a CSV file: printable, and with a ``'`` in front of what spreadsheets compute.

    The ``csv`` module itself quotes commas and quotation marks.
    """
    cell = printable(text)
    return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell
