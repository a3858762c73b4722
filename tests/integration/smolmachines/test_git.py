"""The git-gate behind a machine: its socket is mounted into it."""

from git_gate.case import GitCase
from git_gate.unchanged import Unchanged

from .harness import OnSmolvm


class Git(OnSmolvm, Unchanged, GitCase):
    pass
