"""An agent whose prompt is a shell script: it does in a moment whatever a test needs an agent to have done."""

import json
import signal

from lib import processes, suite


class ShellAgentCase(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.product.bottle("dev", "agent_provider:\n  template: command\n  command: sh\n"
                                   "  headless_arguments: [-c]\n")
        self.product.agent("coder", "bottle: dev\n")
        self.product.write("work/brought.txt", "brought by the operator\n", mode=0o644)
        self.addCleanup(self.product.run, "cleanup", "--yes")

    def start(self, script, *arguments):
        return self.product.run("start", "coder", "--cwd", "--yes", "--prompt", script, *arguments)

    def resume(self, identity, script, *arguments):
        return self.product.run("resume", identity, "--yes", "--prompt", script, *arguments)

    def killed_at(self, point, *arguments):
        """Runs a command that kills itself at that point, and must come there."""
        self.product.extra["BOTBOTTLE_FAULT"] = point
        try:
            done = self.product.run(*arguments)
        finally:
            del self.product.extra["BOTBOTTLE_FAULT"]
        self.assertEqual(done.returncode, -signal.SIGKILL, f"{point}: {done.stderr}")
        return done

    def preserved(self):
        """What `list preserved` shows, by identity."""
        listed = json.loads(self.ok(self.product.run("list", "preserved", "--json")).stdout)
        return {bottle["identity"]: bottle for bottle in listed["bottles"]}

    def one_preserved(self):
        found = self.preserved()
        self.assertEqual(len(found), 1, found)
        return next(iter(found.values()))

    def assert_nothing_is_left_but(self, *identities):
        """No process, no socket, no state, no lock of any bottle but of these, which are preserved."""
        for name in ("botbottle-warden", "botbottle-egress", "botbottle-relay", "bwrap"):
            self.assertTrue(processes.wait_until(lambda n=name: not processes.named(n), 5),
                            f"{name} still runs")
        state = self.product.config / "state"
        left = {path.name for path in state.iterdir()} if state.exists() else set()
        self.assertEqual({name for name in left if not name.endswith(".lock")}, set(identities))
        runtime = self.product.runtime / "botbottle"
        self.assertEqual(list(runtime.iterdir()) if runtime.exists() else [], [])
        self.assertEqual(set(self.preserved()), set(identities))
        again = self.ok(self.product.run("cleanup", "--yes"))
        self.assertIn("nothing", again.stdout + again.stderr)
