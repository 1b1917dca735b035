"""The one exception for input that a user can mend."""


class InputError(ValueError):
    """Bad input: data, weights or a parameter that the user has to mend.

    The message is a single line that says what is wrong, where, and what to do. Stages print it
    without a traceback; any other exception is a fault of this project and keeps its traceback.
    """
