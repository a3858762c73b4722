"""What git does unchanged in a bottle, on whatever backend: mixed into a GitCase."""

from .case import TOKEN, clone, commit


class Unchanged:
    PORT = 22  # of the port that needs no naming there are the most spellings

    def test_unchanged_commands(self):
        self.upstream.repo("part")
        work = self.upstream.root / "project-work"
        part = self.upstream.refs("part")["refs/heads/main"]
        self.upstream.git("update-index", "--add", "--cacheinfo", f"160000,{part},sub", cwd=work)
        self.upstream.git("config", "-f", ".gitmodules", "submodule.sub.path", "sub", cwd=work)
        self.upstream.git("config", "-f", ".gitmodules", "submodule.sub.url", self.upstream.url("part"), cwd=work)
        self.upstream.git("add", ".gitmodules", cwd=work)
        self.upstream.git("commit", "-q", "-m", "a part", cwd=work)
        self.upstream.git("push", "-q", self.upstream.root / "project.git", "main", cwd=work)
        self.declare("project", "part")
        at, path = f"{self.upstream.user}@127.0.0.1", f"{self.upstream.root}/project.git"
        pointer = "version https://git-lfs.github.com/spec/v1\\noid sha256:" + "4d7a" * 16 + "\\nsize 12345\\n"
        bottle = self.started()
        out = self.execute(bottle, clone(self.upstream.url()) + f"""
            git submodule -q update --init; cat sub/README
            {commit()}git tag v1; git tag -a v2 -m two; git branch other
            git push -q --atomic origin main other v1 v2
            printf '{pointer}' > a.bin; git add .; git commit -q -m lfs; git push origin main
            git clone -q {at}:{path} ../scp; cd ../scp; git checkout -q other; git pull -q --rebase origin main
            git -c protocol.version=0 clone -q --depth 1 https://127.0.0.1{path} ../shallow; cd ../shallow
            git rev-list --count HEAD; git fetch -q --unshallow
            git clone -q --filter=blob:none ssh://{at}:22{path} ../partial; cd ../partial
            {commit("from a partial clone")}git push -q origin HEAD:refs/heads/partial""")
        self.assertIn("of the upstream", out)
        self.assertIn("note: a.bin is a pointer of git-lfs", out)
        self.assertIn("1", out.split())
        wanted = {"refs/heads/main", "refs/heads/other", "refs/heads/partial", "refs/tags/v1", "refs/tags/v2"}
        before = self.upstream.refs()
        self.assertEqual(set(before), wanted)
        out = self.execute(bottle, "cd ~/project\n" + commit("a", "f", TOKEN) + "git push origin main", code=1)
        self.assertIn("[github-token] in f:1,", out)
        self.assertNotIn(TOKEN, out)
        self.assertEqual(self.upstream.refs(), before)
