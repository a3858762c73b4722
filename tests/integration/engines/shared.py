"""An engine for all tests of a file."""

from lib import suite

_made = {}


def shared(make):
    """What `make` gives, once in this run."""
    if make not in _made:
        _made[make] = make()
        suite.also_close(_made[make])
    return _made[make]
