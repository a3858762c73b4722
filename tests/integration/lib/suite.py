"""The runner: one line for each test, skips said loudly by name, counts for scripts/test."""

import argparse
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

from . import engine as engines, host, processes, smolvm
from .product import Home
from .testbed import GATEWAY, Testbed

LONGEST_TEST = 180  # seconds; a test that hangs is a failure with a name, and the rest still runs

ENGINES = {"docker": lambda: engines.Engine(options.account),
           "podman": lambda: engines.PodmanEngine(options.account),
           # On another machine: bottles are bundles.
           "remote": lambda: engines.RemoteEngine(options.account, testbed, GATEWAY)}

options = None  # of this run: prefix, account, backend
testbed = None
_engine = None
_others = []


def start(argv, description, extra=None):
    """Reads the arguments, becomes root, and raises the testbed."""
    global options, testbed
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--prefix", type=pathlib.Path, default=os.environ.get("BOTBOTTLE_BUILD"),
                        help="installation or build tree to test (or BOTBOTTLE_BUILD)")
    parser.add_argument("--user", choices=["ordinary", "root"], default="ordinary",
                        help="the account that the product runs as")
    parser.add_argument("--counts", type=pathlib.Path, help="write 'PASSED FAILED SKIPPED' there")
    parser.add_argument("--backend", default="bubblewrap")
    parser.add_argument("--engine", choices=list(ENGINES), default="docker", help="of the docker backend")
    parser.add_argument("--placement", choices=["host", "bundle"], help="of a backend that has a choice of it")
    parser.add_argument("--jobs", type=int, default=1, help="runners at a time, each with a machine of its own")
    parser.add_argument("--queue", type=int, help=argparse.SUPPRESS)  # see shared_out
    parser.add_argument("--failed", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--exactly", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--without", action="append", default=[], help="a part of test names: not these")
    parser.add_argument("names", nargs="*", help="parts of test names: run these only")
    if extra:
        extra(parser)
    options = parser.parse_args(argv)
    if not options.prefix or not (pathlib.Path(options.prefix) / "bin/botbottle").exists():
        parser.error("--prefix names no installation (there is no bin/botbottle below it)")
    host.become_root()
    options.prefix = pathlib.Path(options.prefix).resolve()
    options.account = host.account(options.user)
    host.adopt_orphans()
    signal.signal(signal.SIGTERM, end_early)
    # A shell that starts us in the background has these ignored, and so would every program of ours.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, took_too_long)
    testbed = Testbed()
    return options


def engine():
    """The container engine of this run, started when it is first asked for."""
    global _engine
    if _engine is None:
        _engine = ENGINES[options.engine]()
    return _engine


def also_close(other):
    """An engine besides the run's own, ended with it; its processes are nobody's to be missed."""
    _others.append(other)


def placement():
    """For the operator's shell."""
    return {"BOTBOTTLE_PLACEMENT": options.placement} if options.placement else {}


def _engines():
    return [*([_engine] if _engine is not None else []), *_others]


def living():
    """Processes that somebody started and that live, but for the engine's own."""
    own = [pid for engine in _engines() for pid in engine.pids()]
    return [pid for pid in processes.descendants() if pid not in own]


class TookTooLong(BaseException):
    """No `except Exception` or `except OSError` of a test swallows it."""


class ProductCase(unittest.TestCase):
    """A test with a home of its own, which fails when anything that it started is still there."""

    def setUp(self):
        self.product = Home(options.prefix, options.account)
        self.choose_backend()
        self.before = set(living())
        self.addCleanup(self.product.close)
        self.addCleanup(self._nothing_left)
        if options.backend == "smolmachines":
            self.use_smolvm()

    def choose_backend(self):
        """Sets the operator's shell up for it, before anything is started."""
        if options.backend != "bubblewrap":
            self.product.extra["BOT_BOTTLE_BACKEND"] = options.backend
        if options.backend == "docker":
            self.product.extra.update(engine().environment)
        self.product.extra.update(placement())

    def use_smolvm(self):
        """Bottles of this test are machines; one that is left is a failure."""
        self.product.extra["BOT_BOTTLE_BACKEND"] = "smolmachines"
        self.smolvm = smolvm.Smolvm(self.product, options.account)
        self.addCleanup(lambda: self.assertEqual(self.smolvm.close(), [], "machines were left"))

    def servers(self, *started):
        """Stops these when the test ends."""
        for server in started:
            self.addCleanup(server.stop)
        return started[0] if len(started) == 1 else started

    def _nothing_left(self):
        def left():
            processes.reap()
            return [pid for pid in living() if pid not in self.before]
        # What is being stopped may take a moment to be gone.
        processes.wait_until(lambda: not left(), 5)
        remains = [(pid, processes.name(pid), processes.command_line(pid)[:120]) for pid in left()]
        processes.end_all([pid for pid, _, _ in remains])
        processes.wait_until(lambda: not left(), 5)
        if remains:
            self.fail(f"processes were left behind: {remains}")

    def ok(self, result):
        self.assertEqual(result.returncode, 0,
                         f"{result.args}\nstdout: {result.stdout}\nstderr: {result.stderr}")
        return result


class AgentCase(ProductCase):
    """A case whose agent is "coder"."""

    def start(self, *arguments, **options):
        return self.product.run("start", "coder", "--cwd", "--yes", *arguments, timeout=90, **options)

    def start_in_background(self, *arguments, **options):
        return self.product.popen("start", "coder", "--cwd", "--yes", *arguments, **options)

    def metadata(self):
        """Of the only bottle that has state."""
        found = list((self.product.config / "state").glob("*/metadata.json"))
        self.assertEqual(len(found), 1, f"expected one bottle's state, found {found}")
        return json.loads(found[0].read_text())

    def events(self, result):
        """The agent's stream: every line of stdout must be one of its JSON events."""
        return [json.loads(line) for line in result.stdout.splitlines()]


class Lines(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed, self.began = 0, 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        signal.alarm(LONGEST_TEST)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def _line(self, word, test, detail=""):
        took = time.monotonic() - self.began
        print(f"{word:5} {label(test)} ({took:.1f} s){detail}", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("FAIL", test, "\n" + "".join(traceback.format_exception(*err)))

    def addError(self, test, err):
        super().addError(test, err)
        self._line("FAIL", test, "\n" + "".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("SKIP", test, f": {reason}")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(subtest, err)


def label(test):
    return test.id() if isinstance(test, unittest.TestCase) else str(test)


def run(folder):
    """Runs the tests below `folder` and returns the exit status."""
    loader = unittest.TestLoader()
    found = list(flat(loader.discover(str(folder), pattern="test_*.py", top_level_dir=str(folder))))
    if options.names:
        found = [t for t in found if any(name in t.id() for name in options.names)]
    found = [t for t in found if not any(name in t.id() for name in options.without)]
    if options.exactly:
        wanted = options.exactly.read_text().split()
        found = [t for t in found if t.id() in wanted]
    result = Lines()
    for problem in loader.errors:
        print(problem)
    if options.queue is None:
        unittest.TestSuite(found).run(result)
    else:
        groups = grouped(found)
        while record := os.read(options.queue, RECORD):
            unittest.TestSuite(groups.get(record.decode().strip(), [])).run(result)
    names = sorted({getattr(test, "test_case", test).id() for test, _ in [*result.failures, *result.errors]})
    failed = len(names) + len(loader.errors)
    report(result.passed, failed, len(result.skipped))
    if options.failed:
        options.failed.write_text("".join(f"{name}\n" for name in names))
    return 1 if failed or not (result.passed or options.queue is not None) else 0


RECORD = 128  # bytes; a read of one from a pipe is whole, whoever else reads there


def grouped(tests):
    """Name -> tests that one runner takes together: a file's, or all that share an engine."""
    groups = {}
    for test in tests:
        module = type(test).__module__
        name = module.split(".")[0] if module.startswith("docker.") else module
        groups.setdefault(name, []).append(test)
    return groups


def shared_out(folder, argv):
    """With --jobs N among the arguments: N runners, each with a machine of its own, take the files'
    tests from one queue. Their exit status is returned; None when this program is to run them itself."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--counts", type=pathlib.Path)
    ours, rest = parser.parse_known_args(argv)
    if ours.jobs <= 1:
        argv[:] = [*rest, *(["--counts", str(ours.counts)] if ours.counts else [])]
        return None
    found = flat(unittest.TestLoader().discover(str(folder), pattern="test_*.py", top_level_dir=str(folder)))
    names = list(grouped(found))
    names.sort(key=lambda name: not name.startswith(("docker", "smolmachines")))  # what takes longest begins first
    source, sink = os.pipe()
    fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, 1 << 20)
    with open(sink, "wb") as queue:
        for name in names:
            queue.write(name.encode().ljust(RECORD))
    with tempfile.TemporaryDirectory() as scratch:
        files = [pathlib.Path(scratch, str(number)) for number in range(ours.jobs)]
        lists = [file.with_suffix(".failed") for file in files]
        runners = [subprocess.Popen([sys.executable, sys.argv[0], *rest, "--queue", str(source), "--counts", str(file),
                                     "--failed", str(failed)], pass_fds=[source])
                   for file, failed in zip(files, lists, strict=True)]
        os.close(source)

        def pass_on(number, _frame):
            for runner in runners:
                runner.send_signal(number)
        signal.signal(signal.SIGTERM, pass_on)
        broken = [runner.returncode for runner in runners if runner.wait() not in (0, 1)]
        counts = [[int(word) for word in file.read_text().split()] for file in files if file.exists()]
        passed, failed, skipped = (sum(column) for column in zip(*counts, strict=True))
        again = [name for file in lists if file.exists() for name in file.read_text().split()]
        steady = again_alone(rest, again, pathlib.Path(scratch), runners) if len(again) == failed else []
        passed, failed = passed + len(steady), failed - len(steady)
    if broken or len(counts) != ours.jobs:
        print(f"FAIL  a runner ended with status {broken}")
        failed += 1
    print(f"\nall: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    if ours.counts:
        ours.counts.write_text(f"{passed} {failed} {skipped}\n")
    return 1 if failed or not passed else 0


MOST_AGAIN = 3  # of a thousand tests; more than that is no accident of timing


def again_alone(rest, names, scratch, runners):
    """Runs the tests that failed beside others once more, alone. Returns those that pass then, and says
    each by name: a test that looks too early and a program that answers too late look alike, and both
    are to be mended, but neither may hold back everybody's work. See tests/README.md."""
    if not 0 < len(names) <= MOST_AGAIN:
        return []
    print(f"\nonce more, alone: {', '.join(names)}", flush=True)
    exactly, failed = scratch / "exactly", scratch / "again.failed"
    exactly.write_text("\n".join(names))
    runner = subprocess.Popen([sys.executable, sys.argv[0], *rest, "--exactly", str(exactly), "--failed", str(failed)])
    runners[:] = [runner]  # for a signal
    if runner.wait() not in (0, 1) or not failed.exists():
        return []
    steady = sorted(set(names) - set(failed.read_text().split()))
    for name in steady:
        print(f"FLAKY {name}: failed beside other tests, passed alone", flush=True)
    return steady


def flat(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flat(item)
        else:
            yield item


def report(passed, failed, skipped):
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    if options.counts:
        options.counts.write_text(f"{passed} {failed} {skipped}\n")


def end_early(_number, _frame):
    """Told to stop: nothing that was started may outlive the runner."""
    for one in _engines():
        one.close()
    for _ in range(20):  # what is being killed may be starting something
        processes.end_all(processes.descendants())
        time.sleep(0.05)
    print("\nended early", flush=True)
    os._exit(1)


def took_too_long(_number, _frame):
    """Raised wherever the test waits; its cleanups then run, under an alarm of their own."""
    signal.alarm(LONGEST_TEST)
    raise TookTooLong(f"the test did not end within {LONGEST_TEST} s")


def finish(status):
    """Ends at once: server threads need no farewell."""
    for one in _engines():
        one.close()
    sys.stdout.flush()
    os._exit(status)
