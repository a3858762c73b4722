"""Who the tests are, and who the product is run as.

The tests themselves are root: they make network namespaces, read the memory of every process in a
bottle, and play an internet. The product is run as the account under test.
"""

import ctypes
import dataclasses
import os
import shutil
import sys

ORDINARY_UID = 64123  # has no passwd entry: the product must not need one
PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def popen_arguments(self):
        """For subprocess: become this account, keeping no group of root's."""
        if self.uid == 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path):
        os.chown(path, self.uid, self.gid)


def account(kind):
    if kind == "root":
        return Account("root", 0, 0)
    uid = int(os.environ.get("SUDO_UID", "0"))
    gid = int(os.environ.get("SUDO_GID", "0"))
    return Account("ordinary", uid, gid) if uid else Account("ordinary", ORDINARY_UID, ORDINARY_UID)


def become_root():
    """Starts this program again through sudo when it is not root."""
    if os.geteuid() == 0:
        return
    if shutil.which("sudo") is None:
        sys.exit("these tests need root (they make network namespaces): run them as root")
    os.execvp("sudo", ["sudo", sys.executable, *sys.argv])


def adopt_orphans():
    """What the product leaves behind becomes our child, so that the tests can see it."""
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
