"""The gate dies at each phase of a push, and two bottles push at once: no ref moves that was not scanned and
accepted upstream, and the next push works.

No phase is hit by waiting for some time: the upstream holds the push up where the test wants it, or a process of
the gate's is stopped there.
"""

import contextlib
import os
import signal

from lib import processes

from .case import TOKEN, GitCase, clone, commit

PUSH = "cd ~/project && git push origin main"


def of_the_gate(word):
    """Processes of a push in the gate that run `word`: git's receive-pack, or the hook."""
    return [pid for pid in processes.descendants()
            if word in processes.command_line(pid).decode().replace("\0", " ")
            and b"\0BOTBOTTLE_GATE=" in b"\0" + processes.environment(pid)]


class Crashes(GitCase):
    def setUp(self):
        super().setUp()
        self.declare()
        self.bottle = self.started()
        self.execute(self.bottle, clone(self.upstream.url()) + commit())
        self.before = self.upstream.refs()

    def kill_the_gate(self):
        pids = self.gate_pids()
        self.assertEqual(len(pids), 1)
        os.kill(pids[0], signal.SIGKILL)

    def pushing(self, script=PUSH):
        return self.product.popen("exec", self.bottle, "--", "sh", "-c", "exec 2>&1\n" + script)

    @contextlib.contextmanager
    def stopped(self, word):
        """A process of the push that runs `word`, stopped; it goes on at the end."""
        def caught():
            for pid in of_the_gate(word):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    return pid
            return None
        pid = processes.wait_until(caught, 30, 0.002)
        self.assertTrue(pid, f"no {word} was seen")
        try:
            yield pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def mirror(self):
        return next((self.product.config / "state").rglob("project.git"))

    def mirrored(self):
        lines = self.upstream.git("for-each-ref", "--format=%(refname) %(objectname)", cwd=self.mirror()).splitlines()
        return dict(line.split() for line in lines)

    def assert_recovers(self, upstream_took_it=None):
        """What the mirror has, the upstream has; the next push works, and nothing is left behind."""
        def consistent():
            return self.mirrored() in (self.before, self.upstream.refs())
        self.assertTrue(processes.wait_until(consistent, 10, 0.1), (self.mirrored(), self.upstream.refs()))
        if upstream_took_it is not None:
            self.assertEqual(self.upstream.refs() != self.before, upstream_took_it)
        self.execute(self.bottle, "cd ~/project; git pull -q --no-rebase origin main; " + commit("after", "after") +
                     "git push origin main")
        head = self.execute(self.bottle, "cd ~/project; git rev-parse HEAD").strip()
        self.assertEqual(self.upstream.refs()["refs/heads/main"], head)
        self.assertEqual(self.mirrored(), self.upstream.refs())
        left = [path for path in self.mirror().rglob("*")
                if path.name.startswith(("incoming-", "tmp_")) or path.name.endswith(".lock")]
        self.assertEqual(left, [])

    def test_while_it_asks_the_upstream_what_it_has(self):
        with self.upstream.holding("git-upload-pack") as somebody:
            push = self.pushing()
            somebody()
            self.kill_the_gate()
        self.assertNotEqual(push.wait(60), 0)
        push.communicate()
        self.assert_recovers(upstream_took_it=False)

    def test_while_it_receives(self):
        """Half a pack has come, and its sender waits."""
        half = self.pushing(r"""python3 - <<'PY'
import socket
s = socket.create_connection(("127.0.0.1", 9420))
s.sendall(b"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: "
          b"application/x-git-receive-pack-request\r\nContent-Length: 100000\r\n\r\n00")
while s.recv(4096): pass
PY""")
        self.assertTrue(processes.wait_until(lambda: of_the_gate("receive-pack"), 30, 0.01))
        self.kill_the_gate()
        half.communicate(timeout=60)
        self.assert_recovers(upstream_took_it=False)

    def test_while_it_scans(self):
        push = self.pushing()
        with self.stopped("hooks/pre-receive"):
            self.kill_the_gate()
        self.assertNotEqual(push.wait(60), 0)
        push.communicate()
        self.assert_recovers(upstream_took_it=False)

    def test_while_it_scans_what_it_will_refuse(self):
        # Enough to look at that the one who looks can be caught.
        self.execute(self.bottle, "cd ~/project; seq 8000000 > numbers; git add .; git commit -q -m numbers\n" +
                     commit("secret", "s", TOKEN))
        push = self.pushing()
        with self.stopped("hooks/pre-receive"):
            self.kill_the_gate()
        self.assertNotEqual(push.wait(60), 0)
        push.communicate()
        out = self.execute(self.bottle, PUSH, code=1)
        self.assertIn("remote: botbottle: found", out)
        self.assertEqual(self.upstream.refs(), self.before)
        self.execute(self.bottle, "cd ~/project; git reset -q --hard HEAD~1")
        self.assert_recovers(upstream_took_it=False)

    def test_before_the_upstream_begins(self):
        with self.upstream.holding("git-receive-pack") as somebody:
            push = self.pushing()
            somebody()
            self.kill_the_gate()
            self.assertNotEqual(push.wait(60), 0)
        push.communicate()
        self.assert_recovers(upstream_took_it=False)

    def test_while_the_upstream_decides(self):
        with self.upstream.holding("pre-receive") as somebody:
            push = self.pushing()
            somebody()
            self.kill_the_gate()
            self.assertNotEqual(push.wait(60), 0)
        push.communicate()
        self.assert_recovers()

    def test_when_the_upstream_has_it_and_the_gate_does_not_know(self):
        with self.upstream.holding("post-receive") as somebody:
            push = self.pushing()
            somebody()
            self.assertNotEqual(self.upstream.refs(), self.before)
            self.assertEqual(self.mirrored(), self.before)
            self.kill_the_gate()
            push.communicate(timeout=60)
        self.assert_recovers(upstream_took_it=True)

    def test_when_the_upstream_has_it_and_the_mirror_has_not_moved(self):
        with self.upstream.holding("pre-receive") as somebody:
            push = self.pushing()
            somebody()
            receiver = self.stopped("git receive-pack")
            receiver.__enter__()
        hook_ended = processes.wait_until(
            lambda: self.upstream.refs() != self.before and not of_the_gate("hooks/pre-receive"), 30, 0.02)
        self.assertTrue(hook_ended)
        self.assertEqual(self.mirrored(), self.before)
        self.kill_the_gate()
        receiver.__exit__(None, None, None)
        push.communicate(timeout=60)
        self.assert_recovers(upstream_took_it=True)

    def test_the_hook_alone(self):
        """What judges a push has no say any more: nothing goes."""
        push = self.pushing()
        with self.stopped("hooks/pre-receive") as pid:
            os.kill(pid, signal.SIGKILL)
        out = push.communicate(timeout=60)[0]
        self.assertNotEqual(push.returncode, 0, out)
        self.assert_recovers(upstream_took_it=False)


class TwoBottles(GitCase):
    def test_push_to_one_upstream(self):
        """To one branch in turns, as git has it, and to branches of their own at once."""
        for name in ("one", "two"):
            self.declare(bottle=name)

        def working(name):
            script = clone(self.upstream.url())
            for number in range(5):
                script += (commit(f"{name} {number}", f"{name}-{number}") +
                           "until git push -q origin main; do git pull -q --no-edit --no-rebase origin main; done\n"
                           f"git push -q origin HEAD:refs/heads/{name}\n")
            return self.product.popen("run", "--bottle", name, "--", "sh", "-ec", "exec 2>&1\n" + script)
        both = {name: working(name) for name in ("one", "two")}
        for name, process in both.items():
            out, errors = process.communicate(timeout=180)
            self.assertEqual(process.returncode, 0, f"{name}: {out}{errors}")
        subjects = self.upstream.git("log", "--no-merges", "--format=%s", "main",
                                     cwd=self.upstream.root / "project.git").split("\n")
        self.assertEqual(sorted(s for s in subjects if s and s != "first"),
                         sorted(f"{name} {number}" for name in both for number in range(5)))

    def test_a_branch_that_another_one_moved_meanwhile(self):
        """It moves between the scan and the upstream: nothing goes, and the agent is told to fetch."""
        self.declare()
        bottle = self.started()
        self.execute(bottle, clone(self.upstream.url()) + commit())
        with self.upstream.holding("git-receive-pack") as somebody:
            push = self.product.popen("exec", bottle, "--", "sh", "-c", "exec 2>&1\n" + PUSH)
            somebody()
            work = self.upstream.root / "project-work"
            self.upstream.git("commit", "-q", "--allow-empty", "-m", "of another", cwd=work)
            self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
            moved = self.upstream.refs()
        out = push.communicate(timeout=60)[0]
        self.assertIn("the upstream has moved meanwhile", out)
        self.assertEqual(self.upstream.refs(), moved)
        self.execute(bottle, "cd ~/project; git pull -q --no-rebase origin main; git push -q origin main")
