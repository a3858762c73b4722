"""Unchanged git commands against the declared repo: what passes, what is refused, and how it is said."""

import json
import shutil

from .case import TOKEN, GitCase, clone, commit


class Works(GitCase):
    def test_clone_fetch_and_push(self):
        self.declare()
        url = self.upstream.url()
        before = self.upstream.refs()["refs/heads/main"]
        out = self.inside(clone(url) + "cat README; " + commit() + "git push origin main; "
                          "git tag -a v1 -m one; git push -q origin v1; git checkout -q -b feature; "
                          + commit("more") + "git push -q -u origin feature; git fetch origin; "
                          "git log --format=%an -1; git rev-parse HEAD")
        self.assertIn("of the upstream", out)
        self.assertIn("remote: botbottle: 1 commit scanned, pushed to the upstream of project", out)
        self.assertIn("Agent", out)
        refs = self.upstream.refs()
        self.assertNotEqual(refs["refs/heads/main"], before)
        self.assertEqual(set(refs), {"refs/heads/main", "refs/heads/feature", "refs/tags/v1"})
        self.assertEqual(refs["refs/heads/feature"], out.split()[-1])

    def test_what_the_upstream_gets_meanwhile_is_fetched(self):
        self.declare()
        bottle = self.started()
        self.execute(bottle, clone(self.upstream.url()))
        work = self.upstream.root / "project-work"
        self.upstream.git("commit", "-q", "--allow-empty", "-m", "of another", cwd=work)
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
        out = self.execute(bottle, "cd ~/project; git pull -q; git log --format=%s -1")
        self.assertEqual(out.strip(), "of another")

    def test_an_empty_upstream_takes_two_connections_and_its_first_branch_is_checked_out(self):
        self.upstream.git("init", "-q", "--bare", "-b", "trunk", self.upstream.root / "blank.git")
        self.declare("blank")
        url = self.upstream.url("blank")
        bottle = self.started()
        self.execute(bottle, f"mkdir ~/new; cd ~/new; git init -q -b trunk; {commit()} git push -q {url} trunk")
        self.assertEqual(self.upstream.asked(), ["git-upload-pack", "git-receive-pack"])
        out = self.execute(bottle, f"cd ~; git clone -q {url} again; git -C again symbolic-ref HEAD; "
                                   "cat again/file.txt")
        self.assertEqual(out.split(), ["refs/heads/trunk", "harmless"])

    def test_shallow_and_partial_clones_and_both_protocols(self):
        self.declare()
        url = self.upstream.url()
        out = self.inside(f"""cd ~
            git clone -q --depth 1 {url} shallow
            git clone -q --filter=blob:none {url} partial
            git -c protocol.version=0 clone -q {url} old
            git -c protocol.version=2 ls-remote {url} main
            cat shallow/README partial/README old/README""")
        self.assertEqual(out.count("of the upstream"), 3)

    def test_a_push_larger_than_the_buffer_of_curl_is_chunked(self):
        self.declare()
        self.inside(clone(self.upstream.url()) + "head -c 3000000 /dev/urandom > noise; git add .; "
                    "git commit -q -m noise; git push -q origin main")
        self.assertEqual(len(self.upstream.git("ls-tree", "main", cwd=self.upstream.root / "project.git")
                             .splitlines()), 2)

    def test_it_is_recorded(self):
        self.declare()
        self.inside(clone(self.upstream.url()) + commit() + "git push -q origin main")
        record = next((self.product.config / "audit").glob("*.jsonl")).read_text()
        lines = [line for line in map(json.loads, record.splitlines()) if line["plane"] == "git-gate"]
        pushes = [line for line in lines if line.get("subject", "").startswith("push ssh://")]
        self.assertEqual([(p["event"], p["verdict"]) for p in pushes],
                         [("decision", "allowed"), ("outcome", "allowed")])
        self.assertEqual(pushes[1]["status"], 200)
        self.assertTrue(any(line["subject"].startswith("fetch ssh://") for line in lines))


class Refused(GitCase):
    def assert_unmoved(self, before):
        self.assertEqual(self.upstream.refs(), before)

    def push_of(self, script, code=1):
        before = self.upstream.refs()
        out = self.inside(clone(self.upstream.url()) + script, code=code)
        self.assert_unmoved(before)
        self.assertNotIn(TOKEN, out)
        return out

    def test_a_secret_is_named_by_place_and_the_same_push_without_it_passes(self):
        self.declare()
        bottle = self.started()
        before = self.upstream.refs()
        out = self.execute(bottle, clone(self.upstream.url()) + "seq 9 > list.txt; " +
                           commit("a", "list.txt", f"token = {TOKEN}") + "git rev-parse HEAD; "
                           "git push origin main", code=1)
        self.assert_unmoved(before)
        self.assertNotIn(TOKEN, out)
        head = out.split()[0]
        self.assertIn(f"in list.txt:10, commit {head[:12]}", out)
        self.assertIn("remote: botbottle: nothing was pushed", out)
        self.execute(bottle, "cd ~/project; sed -i '$d' list.txt; git commit -q -a --amend -m a; "
                             "git push -q origin main")
        self.assertNotEqual(self.upstream.refs(), before)
        logs = self.product.run("logs", bottle, "--git").stdout
        self.assertIn("list.txt:10", logs)
        self.assertNotIn(TOKEN, logs)
        rows = self.product.run("logs", bottle, "--git", "--json").stdout.splitlines()
        self.assertEqual({json.loads(row)["plane"] for row in rows}, {"git-gate"})
        self.assertLess(len(rows), len(self.product.run("logs", bottle, "--json").stdout.splitlines()))

    def test_rules(self):
        self.declare(rules="branches: [main, 'feature/*', 'refs/tags/v*']")
        out = self.push_of(commit() + "git push origin main:other")
        self.assertIn("refs/heads/other may not be pushed", out)
        out = self.push_of("git push origin :main")
        self.assertIn("nothing may be deleted in project", out)
        out = self.push_of("git commit -q --amend -m rewritten; git push -f origin main")
        self.assertIn("refs/heads/main would lose commits", out)
        # Of several refs one is refused: none goes.
        out = self.push_of(commit() + "git push origin main main:refs/heads/other")
        self.assertIn("may not be pushed", out)
        self.inside(clone(self.upstream.url()) + commit() + "git push -q origin main:feature/own; "
                    "git commit -q --amend -m again; git push -q -f origin main:feature/own; "
                    "git tag v2; git push -q origin v2")
        self.assertEqual(set(self.upstream.refs()),
                         {"refs/heads/main", "refs/heads/feature/own", "refs/tags/v2"})

    def test_a_push_that_is_too_large(self):
        self.declare(rules="max_push_size: 100K")
        script = "head -c 300000 /dev/urandom > noise; git add .; git commit -q -m noise; "
        self.push_of(script + "git -c http.postBuffer=1000000 push origin main", code=1)
        self.push_of(script + "git -c http.postBuffer=70000 push origin main", code=1)

    def test_the_upstreams_own_refusal_is_told_verbatim(self):
        self.declare()
        self.upstream.hook("echo 'GH006: Protected branch update failed' >&2; exit 1")
        out = self.push_of(commit() + "git push origin main")
        self.assertIn("GH006: Protected branch update failed", out)
        self.assertIn("botbottle: nothing was pushed", out)

    def test_an_upstream_that_is_away(self):
        self.declare()
        self.upstream.stop_server()
        out = self.inside(f"cd ~; git clone {self.upstream.url()} project", code=128)
        self.assertIn("remote: botbottle: project", out)
        self.assertIn("refuses the connection", out)

    def test_another_host_key(self):
        self.declare()
        self.upstream.stop_server()
        self.upstream.start(host_key="other")
        out = self.inside(f"cd ~; git clone {self.upstream.url()} project", code=128)
        self.assertIn("does not show the key that is declared", out)

    def test_no_host_key(self):
        self.declare(host_key="")
        out = self.inside(f"cd ~; git clone {self.upstream.url()} project", code=128)
        self.assertIn("host_key", out)

    def test_a_key_that_is_missing_stops_the_start(self):
        self.declare()
        shutil.move(self.upstream.key, str(self.upstream.key) + ".away")
        done = self.product.run("run", "--bottle", "dev", "--", "true")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("git-gate.repos.project.identity", done.stderr)
