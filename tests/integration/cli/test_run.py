"""The contract of `run`: stdin, stdout, stderr and the exit code are the command's."""

import os
import signal
import subprocess

from lib import suite


class Run(suite.ProductCase):
    def test_streams_and_exit_code(self):
        done = self.product.run("run", "--", "sh", "-c", "cat; echo to-stderr >&2; exit 7",
                                input="from stdin\n")
        self.assertEqual((done.returncode, done.stdout), (7, "from stdin\n"))
        self.assertIn("to-stderr", done.stderr)

    def test_success_says_nothing_of_its_own(self):
        done = self.ok(self.product.run("run", "--", "true"))
        self.assertEqual((done.stdout, done.stderr), ("", ""))

    def test_large_binary_streams(self):
        data = os.urandom(3 << 20)
        done = subprocess.run([str(self.product.prefix / "bin/botbottle"), "run", "--", "cat"],
                              input=data, capture_output=True, env=self.product.environment,
                              cwd=self.product.work, timeout=60,
                              **self.product.account.popen_arguments())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, data)

    def test_closed_stdout_ends_it(self):
        started = self.product.popen("run", "--", "yes")
        self.assertEqual(started.stdout.readline(), "y\n")
        started.stdout.close()
        self.assertNotEqual(started.wait(20), 0)
        started.stderr.close()

    def test_closed_streams_are_empty_ones(self):
        """And no file or socket of botbottle's that happens to get their number."""
        become = self.product.account.popen_arguments()
        for closed in ("<&-", "<&- >&-", "<&- >&- 2>&-"):
            done = subprocess.run(
                ["sh", "-c", f'exec "$@" {closed}', "sh",
                 str(self.product.prefix / "bin/botbottle"), "run", "--", "sh", "-c",
                 "n=$(wc -c); echo said; echo said >&2; exit $((n > 0))"],
                capture_output=True, env=self.product.environment, cwd=self.product.work,
                timeout=60, **become)
            self.assertEqual(done.returncode, 0, (closed, done.stderr))

    def test_command_killed_by_a_signal(self):
        done = self.product.run("run", "--", "sh", "-c", "kill -TERM $$")
        self.assertEqual(done.returncode, 128 + signal.SIGTERM)

    def test_command_that_is_not_there(self):
        done = self.product.run("run", "--", "no-such-program")
        self.assertEqual(done.returncode, 125)
        self.assertIn("no-such-program", done.stderr)
        self.assertIn("botbottle: error:", done.stderr)

    def test_interrupt_from_a_keyboard(self):
        """Which goes to every process of the foreground group."""
        started = self.product.popen("run", "--", "sleep", "600", start_new_session=True)
        self.product.wait_for_bottles()
        os.killpg(started.pid, signal.SIGINT)
        started.communicate(timeout=20)
        self.assertEqual(started.returncode, 130)
        self.assertEqual(self.product.bottles(), [])

    def test_terminated_by_a_supervisor(self):
        started = self.product.popen("run", "--", "sleep", "600")
        self.product.wait_for_bottles()
        started.terminate()
        started.communicate(timeout=20)
        self.assertEqual(started.returncode, 128 + signal.SIGTERM)
        self.assertEqual(self.product.bottles(), [])

    def test_environment_is_the_bottles(self):
        self.product.extra["OPERATORS_OWN"] = "must-stay-outside"
        done = self.ok(self.product.run("run", "--", "env"))
        self.assertNotIn("must-stay-outside", done.stdout)
        self.assertIn("HTTPS_PROXY=http://127.0.0.1:9099", done.stdout)

    def test_environment_from_the_manifest(self):
        self.product.extra["HOST_VALUE"] = "from-the-host"
        self.product.bottle("b", "env:\n  PLAIN: a literal\n  COPIED: ${HOST_VALUE}\n")
        done = self.ok(self.product.run("run", "--bottle", "b", "--", "env"))
        self.assertIn("PLAIN=a literal\n", done.stdout)
        self.assertIn("COPIED=from-the-host\n", done.stdout)

    def test_missing_host_variable_is_named(self):
        self.product.bottle("b", "env:\n  COPIED: ${NOT_SET_ANYWHERE}\n")
        done = self.product.run("run", "--bottle", "b", "--", "true")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("NOT_SET_ANYWHERE", done.stderr)

    def test_workspace_is_a_copy(self):
        self.product.write("work/file", "as it was\n")
        done = self.ok(self.product.run("run", "--cwd", "--", "sh", "-c",
                                        "cat file; echo changed > file; pwd"))
        self.assertEqual(done.stdout, "as it was\n/workspace\n")
        self.assertEqual((self.product.work / "file").read_text(), "as it was\n")

    def test_fifo_in_the_workspace_hangs_nothing(self):
        os.mkfifo(self.product.work / "fifo")
        os.chmod(self.product.work / "fifo", 0o666)
        self.product.write("work/file", "here\n")
        done = self.ok(self.product.run("run", "--cwd", "--", "cat", "file", timeout=20))
        self.assertEqual(done.stdout, "here\n")

    def test_no_routes_without_a_bottle(self):
        done = self.product.run("run", "--", "curl", "-sS", "https://www.example.com/")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("403", done.stderr)

    def test_denial_explains_itself(self):
        done = self.ok(self.product.run("run", "--", "curl", "-sS", "http://www.example.com/"))
        for word in ("botbottle", "denied", "www.example.com", "hint"):
            self.assertIn(word, done.stdout)
