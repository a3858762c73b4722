"""A bottle that was kept with a changed copy of the operator's directory, without any agent."""

import json

from lib import suite


class KeptCase(suite.ProductCase):
    files = {"src/main.c": "int main;\n", "README": "read me\n", "gone.txt": "to be removed\n"}

    def setUp(self):
        super().setUp()
        for name, text in self.files.items():
            self.product.write(f"work/{name}", text, mode=0o644)

    def change(self, script, code=0):
        """Runs a shell script in a bottle with a copy of `work`, keeps it, and returns its identity."""
        done = self.product.run("run", "--cwd", "--keep", "--", "sh", "-c", script)
        self.assertEqual(done.returncode, code, done.stderr)
        return self.kept()[-1]["identity"]

    def kept(self):
        return json.loads(self.ok(self.product.run("list", "preserved", "--json")).stdout)["bottles"]

    def diff(self, identity, *paths):
        """The changes that `diff --json` lists, by path."""
        told = self.ok(self.product.run("diff", "--json", identity, *paths))
        return {c["path"]: c for c in json.loads(told.stdout)["changes"]}

    def apply(self, identity, *arguments, code=0):
        done = self.product.run("apply", identity, "--yes", *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def work(self, name):
        return self.product.work / name

    def tree(self):
        """Every entry of the operator's directory with what it is and holds."""
        found = {}
        for path in sorted(self.product.work.rglob("*")):
            name = str(path.relative_to(self.product.work))
            if path.is_symlink():
                found[name] = ("link", str(path.readlink()))
            elif path.is_dir():
                found[name] = ("directory",)
            else:
                found[name] = ("file", path.read_bytes())
        return found
