"""Pushes that need an approval: `rules.paths` and `dlp: hold`. They wait in the operator's queue, with rule and place
and never the value; the same push goes through once it is approved, and only then."""

import json
import os
import signal

from lib import processes
from lib.supervise import Operator, proposal_id

from .case import TOKEN, GitCase, clone, commit

WORKFLOW = ".github/workflows/ci.yml"
RULES = "paths: ['.github/workflows/**']"
PUSH = "cd ~/project; git push origin HEAD:main"
CHANGE = "mkdir -p .github/workflows; " + commit("work", WORKFLOW, "on: push")


class HoldCase(GitCase):
    rules = RULES
    supervise = True
    wait = "0"  # how long a push waits, in seconds

    def setUp(self):
        super().setUp()
        self.product.extra["SUPERVISE_RESPONSE_TIMEOUT_SECONDS"] = self.wait
        front = "supervise: true\n" if self.supervise else ""
        self.product.bottle("dev", front + self.upstream.manifest(rules=self.rules))
        self.operator = Operator(self.product)
        self.bottle = self.started()
        self.execute(self.bottle, clone(self.upstream.url()))
        self.before = self.upstream.refs()

    def work(self, script):
        self.execute(self.bottle, "cd ~/project; " + script)

    def push(self, script=PUSH, code=1):
        return self.execute(self.bottle, script, code)

    def held(self):
        waiting = self.operator.waiting()
        self.assertEqual([p["tool"] for p in waiting], ["push-hold"] * len(waiting))
        self.assertTrue(waiting, "nothing waits")
        return waiting[-1]

    def assert_unmoved(self):
        self.assertEqual(self.upstream.refs(), self.before)

    def ask(self, path, body):
        return json.loads(self.execute(
            self.bottle, f"curl -sS 'http://127.0.0.1:9100{path}' -d '{json.dumps(body)}'"))

    def pushing(self):
        return self.product.popen("exec", self.bottle, "--", "sh", "-c", "exec 2>&1\n" + PUSH)

    def wait_until_held(self):
        self.assertTrue(processes.wait_until(self.operator.waiting, 20, 0.05), "nothing waits")
        return self.held()


class Paths(HoldCase):
    def test_it_is_refused_with_an_id_and_goes_through_once_it_is_approved(self):
        self.work(CHANGE + commit("harmless", "README"))
        out = self.push()
        self.assert_unmoved()
        self.assertIn("remote: botbottle: found a change of what .github/workflows/** covers [paths] in " + WORKFLOW, out)
        self.assertIn("it waits for the operator as p-", out)
        proposal = proposal_id(out)
        self.assertEqual(self.held()["id"], proposal)
        self.assertEqual(proposal_id(self.push()), proposal, "the same push is the same question")
        told = self.ask(f"/proposals/{proposal}?wait=0", {"justification": "the task is to test on push"})
        self.assertEqual(told["status"], "pending")

        head = self.execute(self.bottle, "cd ~/project; git rev-parse HEAD~1").strip()
        shown = self.operator.call("show", proposal).stdout
        for words in ("pushes 2 commits to project", "branch main: ", f"covers in {WORKFLOW} (paths), commit {head[:12]}",
                      "reason:  the task is to test on push"):
            self.assertIn(words, shown)
        self.assertIn("as it is, or not", self.operator.call("edit", proposal, "--yes", code=1).stderr)
        self.assertIn("let through once", self.operator.approve(proposal, "--scope", "always", code=1).stderr)
        self.assertIn("goes through when it is made again", self.operator.approve(proposal).stderr)
        self.assertEqual(self.ask(f"/proposals/{proposal}?wait=0", {"justification": "x"})["status"], "approved")

        # Another push than the one that was shown is another question.
        self.work("git branch approved; git commit -q --amend -m other")
        out = self.push()
        self.assert_unmoved()
        self.assertNotEqual(proposal_id(out), proposal)
        self.operator.reject(proposal_id(out), "not that one")

        out = self.push("cd ~/project; git push origin approved:main", code=0)
        self.assertIn(f"the operator has approved it ({proposal})", out)
        moved = self.upstream.refs()
        self.assertNotEqual(moved, self.before)
        logs = self.product.run("logs", self.bottle).stdout
        self.assertIn("approval_needed", logs)
        record = next((self.product.config / "audit").glob("*.jsonl")).read_text()
        passed = [line for line in map(json.loads, record.splitlines()) if line.get("rule") == "push_approved"]
        self.assertEqual([line["reason"] for line in passed], [f"let through by the operator, {proposal}"])

        # The approval was for one push: when somebody takes it back upstream, it is asked about again.
        self.upstream.git("update-ref", "refs/heads/main", self.before["refs/heads/main"],
                          cwd=self.upstream.root / "project.git")
        out = self.push("cd ~/project; git fetch -q; git push origin approved:main")
        self.assert_unmoved()
        self.assertNotEqual(proposal_id(out), proposal)

    def test_whatever_touches_such_a_file(self):
        self.work(CHANGE)
        self.push()
        self.operator.approve(self.held()["id"])
        self.push(code=0)
        self.before = self.upstream.refs()
        changes = {
            "deleted": f"git rm -q {WORKFLOW}; git commit -q -m d; ",
            "moved away": f"mkdir -p d; git mv {WORKFLOW} d/ci.yml; git commit -q -m m; ",
            "moved in": "git mv README .github/workflows/README; git commit -q -m m; ",
            "made executable": f"chmod +x {WORKFLOW}; git commit -q -a -m x; ",
            "in a commit that a later one takes back": commit("a", WORKFLOW, "evil") + "git revert --no-edit HEAD >/dev/null; ",
            "in a merge alone": "git checkout -q -b side; " + commit("s", "s") + "git checkout -q -; " + commit("t", "t") +
                                f"git merge -q --no-commit side >/dev/null; echo evil >> {WORKFLOW}; git add .; git commit -q -m merge; ",
            "by a symlink": f"ln -sf /etc/passwd {WORKFLOW}; git commit -q -a -m l; ",
            "as a submodule": "git update-index --add --cacheinfo 160000,"
                              "1111111111111111111111111111111111111111,.github/workflows/sub; git commit -q -m s; ",
        }
        for name, script in changes.items():
            with self.subTest(name):
                self.work("git checkout -q -B try origin/main; git branch -q -D side 2>/dev/null || :; " + script)
                out = self.push("cd ~/project; git push origin HEAD:refs/heads/new")
                self.assertIn("[paths] in .github/workflows/", out)
                self.assert_unmoved()
                self.operator.reject(self.held()["id"], "no")
        self.work("git checkout -q -B try origin/main; " + commit("fine", "fine"))
        self.push("cd ~/project; git push origin HEAD:refs/heads/new", code=0)


    def test_an_old_version_that_a_merge_keeps(self):
        """No commit of the push changes the file: the merge takes what the upstream has replaced."""
        work = self.upstream.root / "project-work"

        def of_others(text):
            (work / ".github/workflows").mkdir(parents=True, exist_ok=True)
            (work / WORKFLOW).write_text(text)
            for path in (work / WORKFLOW).parents:
                if work in path.parents:
                    self.product.account.own(path)
            self.product.account.own(work / WORKFLOW)
            self.upstream.git("add", ".", cwd=work)
            self.upstream.git("commit", "-q", "-m", text, cwd=work)
            self.upstream.git("push", "-q", self.upstream.root / "project.git", "HEAD:main", cwd=work)
            self.before = self.upstream.refs()
        of_others("old")
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "HEAD:side", cwd=work)
        of_others("fixed")
        merge = "git fetch -q; git checkout -q -B try origin/side; " + commit("w", "w")
        self.work(merge + "git merge -q -s ours -m kept origin/main")
        self.assertIn(f"[paths] in {WORKFLOW}", self.push())
        self.assert_unmoved()
        # What the default branch has is no news to another one.
        self.work(merge + "git merge -q --no-edit origin/main")
        self.push("cd ~/project; git push origin HEAD:side", code=0)
        self.push("cd ~/project; git push origin HEAD:main", code=0)


class Deletions(HoldCase):
    """A branch that goes and comes again as it once was is a change that no commit makes."""
    rules = RULES + ", delete: true"

    def test_of_a_branch_with_such_files(self):
        self.work(CHANGE)
        self.push()
        self.operator.approve(self.held()["id"])
        self.push("cd ~/project; git push origin HEAD:main", code=0)
        bare = self.upstream.root / "project.git"
        for name in ("theirs", "harmless"):
            tip = "main" if name == "theirs" else "main~1"
            self.upstream.git("branch", name, tip, cwd=bare)
        self.before = self.upstream.refs()
        self.work("git fetch -q")
        out = self.push("cd ~/project; git push origin :theirs")
        self.assertIn("[paths] in .github/workflows/", out)
        self.assert_unmoved()
        proposal = self.held()["id"]
        self.push("cd ~/project; git push origin :harmless", code=0)
        # Its own goes as it came.
        self.push("cd ~/project; git push -q origin origin/main:refs/heads/own; git push origin :own", code=0)
        self.operator.approve(proposal)
        self.push("cd ~/project; git push origin :theirs", code=0)
        self.assertEqual(set(self.upstream.refs()), {"refs/heads/main"})


class Waits(HoldCase):
    wait = "60"

    def test_it_goes_on_when_it_is_approved_meanwhile(self):
        self.work(CHANGE)
        sent = self.pushing()
        self.operator.approve(self.wait_until_held()["id"])
        out, _ = sent.communicate(timeout=60)
        self.assertEqual(sent.returncode, 0, out)
        self.assertIn("the operator has approved it", out)
        self.assertNotEqual(self.upstream.refs(), self.before)

    def test_it_ends_when_it_is_rejected(self):
        self.work(CHANGE)
        sent = self.pushing()
        self.operator.reject(self.wait_until_held()["id"], "use the template")
        out, _ = sent.communicate(timeout=60)
        self.assertNotEqual(sent.returncode, 0, out)
        self.assertIn("the operator did not approve it", out)
        self.assertIn("use the template", out)
        self.assert_unmoved()

    def test_who_goes_away_leaves_the_question(self):
        self.work(CHANGE)
        self.push("cd ~/project; timeout 3 git push origin HEAD:main || exit 1")
        self.operator.approve(self.held()["id"])
        self.push(code=0)

    def test_the_sidecars_may_die(self):
        self.work(CHANGE)
        for name in ("botbottle-super", "botbottle-git-g"):
            before = processes.named(name)[0]
            sent = self.pushing()
            proposal = self.wait_until_held()["id"]
            os.kill(before, signal.SIGKILL)
            self.assertTrue(processes.wait_until(
                lambda: any(pid != before for pid in processes.named(name)), 20))
            if name == "botbottle-super":
                self.operator.reject(proposal, "no")
            out, _ = sent.communicate(timeout=90)
            self.assertNotEqual(sent.returncode, 0, out)
            self.assert_unmoved()
        self.operator.approve(self.held()["id"])
        self.push(code=0)


class Findings(HoldCase):
    rules = "dlp: hold"

    def nowhere(self):
        for folder in ("queue", "audit", "logs"):
            for file in (self.product.config / folder).rglob("*"):
                if file.is_file():
                    self.assertNotIn(TOKEN.encode(), file.read_bytes(), file)

    def test_a_finding_is_asked_about_by_place(self):
        self.work(commit("a", "notes.txt", f"token = {TOKEN}"))
        out = self.push()
        self.assert_unmoved()
        proposal = self.held()
        places = proposal["payload"]["places"]
        self.assertEqual([(p["rule"], p["where"]) for p in places], [("github-token", "notes.txt:1")])
        shown = self.operator.call("show", proposal["id"]).stdout
        self.assertIn("a GitHub token in notes.txt:1 (github-token)", shown)
        self.assertNotIn(TOKEN, out + shown)
        self.nowhere()
        self.operator.approve(proposal["id"])
        self.push(code=0)
        self.nowhere()

    def test_a_name_that_holds_one_is_never_asked_about(self):
        """It could not be shown."""
        self.work(commit())
        out = self.push(f"cd ~/project; git push origin HEAD:refs/heads/x-{TOKEN}")
        self.assertIn("the name of a branch", out)
        self.assertEqual(self.operator.waiting(), [])
        self.nowhere()

    def test_more_than_can_be_shown_is_never_asked_about(self):
        self.work("for i in $(seq 30); do echo " + TOKEN + " > f$i; done; git add .; git commit -q -m many")
        self.assertIn("more than the operator can be asked about", self.push())
        self.assertEqual(self.operator.waiting(), [])


class NotScanned(HoldCase):
    rules = "dlp: off, paths: [secret]"

    def test_the_rest_of_the_rules_holds(self):
        self.work(commit("a", "notes.txt", f"token = {TOKEN}"))
        self.push(code=0)
        self.work("mkdir secret; " + commit("b", "secret/x"))
        self.assertIn("[paths] in secret/x", self.push())


class Unsupervised(HoldCase):
    supervise = False

    def test_it_says_that_nobody_can_be_asked(self):
        self.work(CHANGE)
        out = self.push()
        self.assert_unmoved()
        self.assertIn("nobody can be asked in this bottle", out)
        self.assertIn("supervise: true", out)
        self.work("git reset -q --hard origin/main; " + commit())
        self.push(code=0)
