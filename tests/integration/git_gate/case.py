"""A bottle with a repo behind a real ssh server, and git commands in it."""

from lib import processes, suite
from lib.git_upstream import GitUpstream

# The shape of a token, of no account.
TOKEN = "ghp_" + "Zk3vQ8mW2xR7tY5nB1cD9fG4hJ6kL0pS2aEq"


class GitCase(suite.ProductCase):
    PORT = None  # of the upstream; any

    def setUp(self):
        super().setUp()
        self.upstream = GitUpstream(self.product.account, self.PORT)
        self.addCleanup(self.upstream.stop)
        self.upstream.repo()

    def declare(self, *names, bottle="dev", **options):
        self.product.bottle(bottle, self.upstream.manifest(*names, **options))

    def inside(self, script, bottle="dev", code=0):
        """Runs a shell script in a fresh bottle: (stdout and stderr together)."""
        done = self.product.run("run", "--bottle", bottle, "--", "sh", "-ec", "exec 2>&1\n" + script,
                                timeout=120)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def started(self, bottle="dev"):
        """A bottle that stays: its identity."""
        running = self.product.popen("run", "--bottle", bottle, "--", "sleep", "600")
        identity = self.product.wait_for_bottles(1)[0]["identity"]

        def end():
            self.product.run("stop", identity)
            running.communicate(timeout=30)
        self.addCleanup(end)
        return identity

    def execute(self, identity, script, code=0):
        done = self.product.run("exec", identity, "--", "sh", "-ec", "exec 2>&1\n" + script, timeout=120)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def gate_pids(self):
        return [pid for pid in processes.descendants() if processes.name(pid) == "botbottle-git-g"]


def clone(url):
    return f"cd ~; git clone -q {url} project; cd project\n"


def commit(message="work", path="file.txt", text="harmless"):
    return f"printf '%s\\n' '{text}' >> '{path}'; git add -A; git commit -q -m '{message}'\n"
