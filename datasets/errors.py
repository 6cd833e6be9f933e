"""The one error for a caller's mistake."""


class InputError(Exception):
    """Bad input: a file, argument or frame that the caller can mend.

    The message is one line that names the file, the argument or the frame and says what to do. An
    argument's name stands in backticks, followed by ``=`` and its value where that helps::

        InputError("`data_dir`=/data/nyu: no such folder")
        InputError("`centre_file` goes only with `centre`=file")

    Libraries name their own arguments and know nothing of flags. A command that has a flag of that name
    prints it in its place (``--data_dir=/data/nyu: no such folder``), on standard error, and ends with
    status 2; a library user catches the error like any exception.
    """
