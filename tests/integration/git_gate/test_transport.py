"""Every spelling of a declared repo, and what git can do beyond a plain clone: through the gate, unchanged."""

from .case import GitCase, clone, commit


class Spellings(GitCase):
    PORT = 22  # of the port that needs no naming there are the most spellings

    def test_each_leads_to_the_gate(self):
        self.declare()
        path = f"{self.upstream.root}/project"
        at = f"{self.upstream.user}@127.0.0.1"
        spellings = [f"{base}{ending}" for base in (f"ssh://{at}{path}", f"ssh://{at}:22{path}", f"{at}:{path}",
                                                    f"{at}:{path[1:]}", f"https://127.0.0.1{path}")
                     for ending in (".git", "")]
        script = "cd ~\n"
        for number, url in enumerate(spellings):
            script += (f"git clone -q {url} c{number}; cd c{number}; git remote get-url origin\n"
                       f"[ \"$(git config remote.origin.url)\" = {url} ]\n" +
                       commit(f"of {number}", f"f{number}") + f"git push -q origin HEAD:refs/heads/s{number}; cd ..\n")
        out = self.inside(script)
        self.assertEqual(out.split().count("http://127.0.0.1:9420/project.git"), len(spellings))
        self.assertEqual(set(self.upstream.refs()),
                         {"refs/heads/main", *(f"refs/heads/s{n}" for n in range(len(spellings)))})


class Transport(GitCase):
    def test_shallow_clones_fetch_deepen_and_push(self):
        work = self.upstream.root / "project-work"
        for number in range(5):
            self.upstream.git("commit", "-q", "--allow-empty", "-m", f"number {number}", cwd=work)
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
        self.declare()
        out = self.inside(f"""cd ~; git clone -q --depth 1 {self.upstream.url()} project; cd project
            git rev-list --count HEAD
            git fetch -q --deepen 2; git rev-list --count HEAD
            {commit()}git push -q origin main
            git fetch -q --unshallow; git rev-list --count HEAD; git fsck
            git clone -q --depth 1 --branch main {self.upstream.url()} ../again; cd ../again
            {commit("again")}git push -q origin HEAD:refs/heads/from-shallow""")
        self.assertEqual([word for word in out.split() if word.isdigit()][:2], ["1", "3"])
        self.assertIn("\n7\n", out)
        self.assertIn("refs/heads/from-shallow", self.upstream.refs())

    def test_partial_clones_fetch_what_is_missing_and_push(self):
        work = self.upstream.root / "project-work"
        for number in range(3):
            (work / "README").write_text(f"version {number}\n" * 50)
            self.upstream.git("commit", "-q", "-a", "-m", f"number {number}", cwd=work)
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
        self.declare()
        out = self.inside(f"""cd ~
            git clone -q --filter=blob:none {self.upstream.url()} blobless; cd blobless
            git rev-list --objects --all --missing=print | grep -c '^?'
            git show HEAD~2:README | head -1
            {commit()}git push -q origin HEAD:refs/heads/blobless
            git clone -q --filter=tree:0 --no-checkout {self.upstream.url()} ../treeless; cd ../treeless
            git show HEAD:README | head -1""")
        lines = out.splitlines()
        self.assertGreater(int(lines[0]), 0)
        self.assertEqual([line for line in lines if line.startswith("version")], ["version 0", "version 2"])
        self.assertIn("refs/heads/blobless", self.upstream.refs())

    def test_submodules(self):
        """By a relative and by an absolute address; both repos are declared."""
        self.upstream.repo("part")
        work = self.upstream.root / "project-work"
        for path, url in (("absolute", self.upstream.url("part")), ("relative", "../part.git")):
            self.upstream.git("update-index", "--add", "--cacheinfo",
                              f"160000,{self.upstream.refs('part')['refs/heads/main']},{path}", cwd=work)
            self.upstream.git("config", "-f", ".gitmodules", f"submodule.{path}.path", path, cwd=work)
            self.upstream.git("config", "-f", ".gitmodules", f"submodule.{path}.url", url, cwd=work)
        self.upstream.git("add", ".gitmodules", cwd=work)
        self.upstream.git("commit", "-q", "-m", "parts", cwd=work)
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
        self.declare("project", "part")
        out = self.inside(f"""cd ~; git clone -q --recurse-submodules {self.upstream.url()} project; cd project
            cat absolute/README relative/README
            cd absolute; {commit("in a part")}git push -q origin HEAD:main; cd ..
            git commit -q -a -m "the part's new version"; git push -q --recurse-submodules=check origin main""")
        self.assertEqual(out.count("of the upstream"), 2)
        self.assertEqual(self.upstream.git("rev-parse", "main:absolute", cwd=self.upstream.root / "project.git").strip(),
                         self.upstream.refs("part")["refs/heads/main"])

    def test_pointers_of_lfs_pass_as_they_are(self):
        self.declare()
        pointer = "version https://git-lfs.github.com/spec/v1\\noid sha256:" + "4d7a" * 16 + "\\nsize 12345\\n"
        out = self.inside(clone(self.upstream.url()) + "echo '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes; "
                          f"printf '{pointer}' > a.bin; git add .; git commit -q -m lfs; git push origin main; "
                          f"git clone -q {self.upstream.url()} ../again; cmp a.bin ../again/a.bin")
        self.assertIn("note: a.bin is a pointer of git-lfs", out)

    def test_branches_and_tags_are_fetched_pruned_and_mirrored(self):
        self.declare()
        bare = self.upstream.root / "project.git"
        bottle = self.started()
        self.execute(bottle, clone(self.upstream.url()))
        self.upstream.git("branch", "other", "main", cwd=bare)
        self.upstream.git("tag", "-a", "v1", "-m", "one", "main", cwd=bare)
        out = self.execute(bottle, "cd ~/project; git fetch -q --tags; git branch -r; git tag; git checkout -q other")
        self.assertIn("origin/other", out)
        self.assertIn("v1", out.split())
        self.upstream.git("branch", "-D", "other", cwd=bare)
        out = self.execute(bottle, "cd ~/project; git fetch -q --prune; git branch -r; git pull -q --rebase origin main")
        self.assertNotIn("origin/other", out)

    def test_several_refs_at_once(self):
        self.declare()
        self.inside(clone(self.upstream.url()) + commit() + "git tag v1; git tag -a v2 -m two; git branch other; "
                    "git push -q --atomic origin main other v1 v2")
        self.assertEqual(set(self.upstream.refs()),
                         {"refs/heads/main", "refs/heads/other", "refs/tags/v1", "refs/tags/v2"})

    def test_a_slow_upstream_is_waited_for(self):
        self.declare()
        self.upstream.hook("sleep 12; echo slow and steady >&2")
        out = self.inside(clone(self.upstream.url()) + commit() + "git push origin main")
        self.assertIn("slow and steady", out)

    def test_an_upstream_that_dies_during_a_push(self):
        self.declare()
        before = self.upstream.refs()
        self.upstream.hook("kill -9 $PPID; sleep 1")
        bottle = self.started()
        out = self.execute(bottle, clone(self.upstream.url()) + commit() + "git push origin main", code=1)
        self.assertIn("remote: botbottle: nothing was pushed: project", out)
        self.assertEqual(self.upstream.refs(), before)
        self.upstream.hook("exit 0")
        self.execute(bottle, "cd ~/project; git push -q origin main; git fetch -q")
        self.assertNotEqual(self.upstream.refs(), before)
