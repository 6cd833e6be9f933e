"""The one error for a caller's mistake."""


class InputError(Exception):
    """Bad input: a file, flag or frame that the caller can mend.

    The message is one line that names the file, the flag or the frame and says what to do. Commands
    print it on standard error and end with status 2; a library user catches it like any exception.
    """
