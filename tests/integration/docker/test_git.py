"""The git-gate behind a container: the same gate, and another way for its socket into the bottle."""

from git_gate.case import GitCase
from git_gate.unchanged import Unchanged

from .harness import OnDocker


class Git(OnDocker, Unchanged, GitCase):
    pass
