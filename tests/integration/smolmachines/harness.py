"""A test whose bottles are machines of the stand-in's."""

import re
import subprocess
import tarfile

from lib import smolvm, suite
from lib.claude import ClaudeCase


def small_layer(path, *programs):
    """A root filesystem of these programs of this machine's, written to `path`."""
    with tarfile.open(path, "w", dereference=True) as tar:
        for program in ("/bin/sh", "/usr/bin/id", *programs):
            needed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
            for file in [program, *re.findall(r"(/\S+) \(", needed)]:
                if file.lstrip("/") not in tar.getnames():
                    tar.add(file, file.lstrip("/"))
        tar.add("/etc/hostname", "etc/hostname")
    return path


class OnSmolvm:
    """Before ProductCase or one that is made of it."""

    def setUp(self):
        if suite.options.account.uid == 0:
            self.skipTest("smolvm gives root's machines to users of their own; root is refused (test_launch)")
        super().setUp()
        if suite.options.backend != "smolmachines":
            self.use_smolvm()

    def machine(self):
        found = self.smolvm.machines()
        self.assertEqual(len(found), 1, found)
        return found[0]

    def words(self):
        """The arguments of every call so far."""
        return [call["argv"][1:] for call in self.smolvm.calls()]

    def background(self, *arguments):
        started = self.product.popen(*arguments)
        self.addCleanup(self._end, started)
        return started

    @staticmethod
    def _end(started):
        if started.poll() is None:
            started.kill()
        started.communicate()


class SmolvmCase(OnSmolvm, suite.ProductCase):
    pass


class SmolvmClaudeCase(OnSmolvm, ClaudeCase):
    def setUp(self):
        super().setUp()
        # The agent comes from the image: none of the host's is needed.
        self.product.path = [part for part in self.product.path if "claude-platform" not in part]


class ContractCase(OnSmolvm, suite.ProductCase):
    """The tool alone: no bottle."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.smolvm.remove_all)

    def smol(self, *words, code=0, **options):
        done = self.smolvm.run(*words, **options)
        self.assertEqual(done.returncode, code, f"{words}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def refused(self, *words, says, code=1, **options):
        done = self.smol(*words, code=code, **options)
        if code == 1:
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr.splitlines()[-1], f"Error: {says}")
        else:
            self.assertIn(says, done.stderr)
        return done

    # Ends at once when it is told to.
    WORKLOAD = ("sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait")

    def create(self, name="one", *more, command=WORKLOAD):
        return self.smol("machine", "create", "--name", name, "--image", smolvm.archive(), *more, "--", *command)

    def start(self, name="one", *more, **options):
        self.create(name, *more, **options)
        return self.smol("machine", "start", "--name", name)

    def execute(self, *command, name="one", code=0, flags=(), **options):
        return self.smol("machine", "exec", "--name", name, *flags, "--", *command, code=code, **options)


__all__ = ["ContractCase", "SmolvmCase", "SmolvmClaudeCase", "small_layer", "smolvm"]
