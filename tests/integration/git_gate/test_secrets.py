"""Secrets wherever a push can hold one: each is refused with its place and without its value, and the same push
without it passes. What the upstream has already never blocks."""

import os
import secrets
import signal

from lib import processes

from .case import TOKEN, GitCase, clone, commit

# Of no kind that anybody knows: only the bottle that has it can tell.
OWN = "orange-" + secrets.token_hex(9) + "-lamp"

ROUTE = """egress:
  routes:
    - host: api.example.com
      auth: {scheme: Bearer, token_ref: OWN_TOKEN}
"""


def add(path, command):
    """Commits what a command prints."""
    return f"{command} > '{path}'; git add -A; git commit -q -m work\n"


def archive(path, *entries, nested=False, method="ZIP_DEFLATED"):
    """A zip archive of (name, text); in another one when it is nested."""
    body = "; ".join(f"z.writestr({name!r}, {text!r})" for name, text in entries)
    outer = (f"; o = zipfile.ZipFile('{path}', 'w', zipfile.ZIP_DEFLATED); "
             f"o.writestr('inner.zip', open('/tmp/inner', 'rb').read()); o.close()") if nested else ""
    return (f"python3 -c \"import zipfile; z = zipfile.ZipFile('{'/tmp/inner' if nested else path}', 'w', "
            f"zipfile.{method}); {body}; z.close(){outer}\"; git add -A; git commit -q -m work\n")


# Name: (what plants a text, where it is found). The commit is the newest one unless it is said.
PLACES = {
    "an added line": (lambda x: "seq 9 > list; " + commit("a", "list", f"token = {x}"), "in list:10,"),
    "reverted in the same push": (
        lambda x: commit("a", "f", x) + "git rev-parse HEAD > /tmp/where; git revert --no-edit HEAD >/dev/null\n",
        "in f:1,"),
    "a commit message": (lambda x: f"git commit -q --allow-empty -m subject -m 'see {x}'\n",
                         "in the commit message, line 3,"),
    "an author": (lambda x: f"git commit -q --allow-empty -m x --author '{x} <a@b.c>'\n", "in the author,"),
    "a committer": (lambda x: f"GIT_COMMITTER_NAME='{x}' git commit -q --allow-empty -m x\n", "in the committer,"),
    "a file's name": (lambda x: commit("a", f"dir {x}.txt"), "in the name of the file dir *"),
    "a directory's name": (lambda x: f"mkdir -p 'd/{x}'; " + commit("a", f"d/{x}/f"), "in the name of the file d/*"),
    "a binary": (lambda x: add("b", f"printf '\\000\\001{x}\\000'"), "in b, byte 2,"),
    "UTF-16": (lambda x: add("u", f"printf 'first\\n{x}' | iconv -t UTF-16"), "in u, byte "),
    "UTF-16 without a mark": (lambda x: add("u", f"printf '{x}' | iconv -t UTF-16BE"), "in u, byte "),
    "base64": (lambda x: add("e", f"printf 'key {x} key' | base64"), "in e:1,"),
    "base64 in lines": (lambda x: add("e", f"(seq 40; printf 'key {x} key') | base64 -w 60"), "in e:"),
    "gzip": (lambda x: add("z", f"(seq 500; printf '{x}') | gzip"), "in z, byte 0,"),
    "base64 of gzip": (lambda x: add("z", f"printf '{x}' | gzip | base64"), "in z:1,"),
    "a zip": (lambda x: archive("a.zip", ("first", "text" * 900), ("second", f"key {x}")), "in a.zip, byte "),
    "a stored zip": (lambda x: archive("a.jar", ("s", f"key {x}"), method="ZIP_STORED"), "in a.jar, byte "),
    "a zip in a zip": (lambda x: archive("a.docx", ("s", f"key {x}"), nested=True), "in a.docx, byte 0,"),
    "a renamed file": (
        lambda x: "seq 50 > a; git add a; git commit -q -m a; git mv a b; "
                  f"echo {x} >> b; git commit -q -a -m b\n", "in b:51,"),
    "a merge": (
        lambda x: "git checkout -q -b side; " + commit("s", "s") + "git checkout -q -; " + commit("m", "m") +
                  f"git merge -q --no-commit side; echo {x} > both; git add .; git commit -q -m merge; "
                  "git branch -q -D side\n", "in both:1,"),
    "a branch that a merge brings": (
        lambda x: "git checkout -q -b side; " + commit("s", "s", x) + "git rev-parse HEAD > /tmp/where; "
                  "git rm -q s; git commit -q -m gone; git checkout -q -; " + commit("m", "m") +
                  "git merge -q -m merge side; git branch -q -D side\n", "in s:1,"),
    "a conflict's resolution": (
        lambda x: "echo base > c; git add c; git commit -q -m base; git checkout -q -b side; echo one > c; "
                  "git commit -q -a -m one; git checkout -q -; echo two > c; git commit -q -a -m two; "
                  f"git merge -q side || :; printf 'one\\n{x}\\n' > c; git commit -q -a -m merge; "
                  "git branch -q -D side\n", "in c:2,"),
    "a submodule's address": (
        lambda x: add(".gitmodules", f"printf '[submodule \"x\"]\\n\\tpath = x\\n\\turl = https://h.example/{x}\\n'"),
        "in .gitmodules:3,"),
    "a symlink": (lambda x: f"ln -s '/{x}' l; git add l; git commit -q -m l\n", "in l:1,"),
    "a gitattributes that calls it binary": (
        lambda x: "echo '* -diff binary' > .gitattributes; " + commit("a", "f", x), "in f:1,"),
    "an allowlist of the pushed tree": (
        lambda x: "printf '[allowlist]\\npaths = [\".*\"]\\n' > .gitleaks.toml; " +
                  commit("a", "f", f"{x} # gitleaks:allow"), "in f:1,"),
}

REFS = {
    "a branch's name": (lambda x: f"git push origin HEAD:refs/heads/x-{x}", "in the name of a branch"),
    "a tag's name": (lambda x: f"git tag v-{x}; git push origin v-{x}", "in the name of a tag"),
    "a tag's message": (lambda x: f"git tag -a v-N -m one -m 'see {x}'; git push origin v-N",
                        "in the tag message, line 3"),
    "a tagger": (lambda x: f"GIT_COMMITTER_NAME='{x}' git tag -a v-N -m one; git push origin v-N", "in the tagger"),
    "a tag of a tag": (lambda x: f"git tag -a inner -m 'see {x}'; git tag -a v-N -m outer inner; git push origin v-N",
                       "in the tag message, line 1"),
}


class Planted(GitCase):
    def setUp(self):
        super().setUp()
        self.declare()
        self.bottle = self.started()
        self.execute(self.bottle, clone(self.upstream.url()))

    def start(self, branch):
        return (f"cd ~/project; git tag -l | xargs -r git tag -d >/dev/null; git merge --abort 2>/dev/null || :\n"
                f"git checkout -q -f -B {branch} origin/main; git clean -qfdx; rm -f /tmp/where\n")

    def assert_refused(self, out, where, before):
        said = out.split("remote: botbottle: found", 1)
        self.assertEqual(len(said), 2, out)
        self.assertIn(where, said[1])
        self.assertNotIn(TOKEN, said[1])
        self.assertEqual(self.upstream.refs(), before)

    def test_in_commits(self):
        for number, (place, (plant, where)) in enumerate(PLACES.items()):
            with self.subTest(place):
                before = self.upstream.refs()
                script = self.start(f"b{number}") + plant(TOKEN) + (
                    "[ -f /tmp/where ] || git rev-parse HEAD > /tmp/where; cat /tmp/where; git push origin HEAD")
                out = self.execute(self.bottle, script, code=1)
                self.assert_refused(out, where, before)
                found = next(line for line in out.splitlines() if "botbottle: found" in line)
                commits = [line for line in out.splitlines() if len(line) == 40]
                self.assertIn(f"commit {commits[0][:12]}", found)
                out = self.execute(self.bottle, self.start(f"b{number}") + plant("harmless-words-of-no-key") +
                                   "git push origin HEAD")
                self.assertIn(f"refs/heads/b{number}", self.upstream.refs())

    def test_in_refs(self):
        for number, (place, (plant, where)) in enumerate(REFS.items()):
            with self.subTest(place):
                before = self.upstream.refs()
                out = self.execute(self.bottle, self.start("refs") + commit() +
                                   plant(TOKEN).replace("v-N", f"v{number}"), code=1)
                self.assertIn("remote: botbottle: found", out)
                self.assertIn(where, out)
                for line in out.splitlines():
                    if line.startswith("remote: "):
                        self.assertNotIn(TOKEN, line)
                self.assertEqual(self.upstream.refs(), before)
                self.execute(self.bottle, self.start("refs") + commit() +
                             plant("harmless").replace("v-N", f"v{number}"))
                self.assertEqual(len(self.upstream.refs()), len(before) + 1)

    def test_an_amended_commit_that_is_forced(self):
        self.execute(self.bottle, self.start("own") + commit() + "git push -q origin HEAD")
        before = self.upstream.refs()
        out = self.execute(self.bottle, f"cd ~/project; echo {TOKEN} >> file.txt; git commit -q -a --amend -m again; "
                                        "git push -f origin HEAD", code=1)
        self.assert_refused(out, "in file.txt:2,", before)
        self.execute(self.bottle, "cd ~/project; sed -i '$d' file.txt; git commit -q -a --amend -m again; "
                                  "git push -q -f origin HEAD")
        self.assertNotEqual(self.upstream.refs(), before)

    def test_a_large_file(self):
        """200 MB: the line is told, and the same file without it passes."""
        self.execute(self.bottle, self.start("large") + "yes 'a line of a large file' | head -c 180M > large; "
                     f"printf '\\n{TOKEN}\\n' >> large; yes 'another line of it' | head -c 20M >> large; "
                     "git add large; git commit -q -m large")
        before = self.upstream.refs()
        out = self.execute(self.bottle, f"cd ~/project; grep -n {TOKEN} large | cut -d: -f1; git push origin HEAD",
                           code=1)
        self.assert_refused(out, f"in large:{out.split()[0]},", before)
        self.execute(self.bottle, f"cd ~/project; sed -i '/{TOKEN}/d' large; git commit -q -a --amend -m large; "
                                  "git push -q origin HEAD")
        self.assertIn("refs/heads/large", self.upstream.refs())

    def test_what_cannot_be_looked_into_is_named(self):
        out = self.execute(self.bottle, self.start("closed") + archive("a.zip", ("s", "text" * 90), method="ZIP_LZMA")
                           + add("p", "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:1\\nsize 1\\n'")
                           + "git push origin HEAD")
        self.assertIn("note: a.zip has parts that cannot be looked into", out)
        self.assertIn("note: p is a pointer of git-lfs", out)

    def test_what_is_too_much_is_refused(self):
        out = self.execute(self.bottle, self.start("bomb") + archive("a.zip", ("s", "0" * 900)) +
                           "python3 -c \"import zipfile; z = zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED); "
                           "z.writestr('zeros', bytes(1 << 26)); z.close()\"; git add .; git commit -q -m bomb; "
                           "git push origin HEAD", code=1)
        self.assertIn("[scan-budget] in a.zip, byte 0,", out)

    def test_a_refused_name_is_not_repeated_by_another_refusal(self):
        self.declare(rules="branches: [main]")
        out = self.inside(clone(self.upstream.url()) + f"git push origin HEAD:refs/heads/x-{TOKEN}", code=1)
        self.assertIn("remote: botbottle: found a GitHub token", out)
        for line in out.splitlines():
            if line.startswith("remote: "):
                self.assertNotIn(TOKEN, line)
        for record in (self.product.config / "audit").glob("*.jsonl"):
            self.assertNotIn(TOKEN, record.read_text())


class History(GitCase):
    def test_what_the_upstream_has_already_never_blocks(self):
        work = self.upstream.root / "project-work"
        (work / "old").write_text(f"{TOKEN}\nline\n")
        self.product.account.own(work / "old")
        self.upstream.git("add", ".", cwd=work)
        self.upstream.git("commit", "-q", "-m", f"has {TOKEN}", cwd=work)
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
        self.declare()
        self.inside(clone(self.upstream.url()) + "git push -q origin main:copy; echo more >> old; "
                    "git mv old moved; git commit -q -a -m more; git push -q origin main; "
                    "git tag -a v1 -m one HEAD~1; git push -q origin v1; git checkout -q -b side HEAD~1; "
                    + commit("s", "s") + "git merge -q -m merge main; git push -q origin side")
        self.assertEqual(set(self.upstream.refs()), {"refs/heads/main", "refs/heads/copy", "refs/heads/side",
                                                     "refs/tags/v1"})


class Own(GitCase):
    """The bottle's own credentials are of no kind that a rule could know."""

    def setUp(self):
        super().setUp()
        self.product.extra["OWN_TOKEN"] = OWN
        self.product.bottle("dev", ROUTE + self.upstream.manifest())
        self.bottle = self.started()
        del self.product.extra["OWN_TOKEN"]  # what `exec` is started with is not the bottle's
        self.execute(self.bottle, clone(self.upstream.url()))

    def push(self, secret, code=1, spell="cat"):
        before = self.upstream.refs()
        out = self.execute(self.bottle, "cd ~/project; git reset -q --hard origin/main\n" +
                           add("f", f"printf 'x {secret} y\\n' | {spell}") + "git push -f origin HEAD:refs/heads/own",
                           code=code)
        if code:
            self.assertIn("remote: botbottle: found", out)
            self.assertNotIn(secret, out)
            self.assertEqual(self.upstream.refs(), before)
        return out

    def test_they_do_not_leave_in_any_spelling(self):
        for spell in ("cat", "base64", "gzip", "rev", "tr a-z A-Z", "iconv -t UTF-16", "od -An -tx1"):
            with self.subTest(spell):
                self.push(OWN, spell=spell)
        self.push("orange-lamps-are-no-secret", code=0)

    def test_a_gate_that_was_started_again_knows_them(self):
        for pid in self.gate_pids():
            os.kill(pid, signal.SIGKILL)
        self.push(OWN)

    def test_one_that_is_granted_later_is_known_from_then_on(self):
        later = "violet-" + secrets.token_hex(9) + "-door"
        self.push(later, code=0)
        self.product.extra["GRANTED"] = later
        done = self.product.run("egress", "allow", self.bottle, "new.example.com", "--auth", "Bearer", "--token-ref",
                                "GRANTED")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.push(later + " again")

    def test_they_are_in_no_process_that_reads_what_is_pushed(self):
        self.upstream.hook("sleep 4")
        pushing = self.product.popen("exec", self.bottle, "--", "sh", "-ec", "cd ~/project\n" + commit() +
                                     "git push origin HEAD")
        self.addCleanup(pushing.communicate, timeout=60)
        hooks = processes.wait_until(lambda: [pid for pid in processes.descendants()
                                              if b"hooks/pre-receive" in processes.command_line(pid)], 20, 0.05)
        self.assertTrue(hooks)
        for pid in processes.descendants():
            for name in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        self.assertNotIn(OWN.encode(), file.read(), f"{pid} {name}")
                except OSError:
                    continue
