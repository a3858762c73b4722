"""`diff` and `apply`: what an agent changed comes home, and nothing of it acts there by itself."""

import os
import stat
import subprocess
import threading

from lifecycle.kept import KeptCase

EDIT = "echo 'int changed;' > src/main.c; mkdir new; echo one > new/one; rm gone.txt; chmod +x README"


class Diff(KeptCase):
    def test_every_kind_of_change_is_listed(self):
        identity = self.change(EDIT)
        changes = {path: c["change"] for path, c in self.diff(identity).items()}
        self.assertEqual(changes, {"src/main.c": "changed", "new": "added", "new/one": "added",
                                   "gone.txt": "removed", "README": "changed"})

    def test_it_is_a_patch_that_patch_understands(self):
        identity = self.change(EDIT)
        told = self.ok(self.product.run("diff", identity)).stdout
        self.assertIn("-int main;\n+int changed;\n", told)
        patched = subprocess.run(["git", "apply", "--stat", "-"], input=told, text=True,
                                 capture_output=True, cwd="/", check=False)
        self.assertEqual(patched.returncode, 0, patched.stderr)
        self.assertIn("src/main.c", patched.stdout)

    def test_paths_choose(self):
        identity = self.change(EDIT)
        self.assertEqual(set(self.diff(identity, "new")), {"new", "new/one"})
        wrong = self.product.run("diff", identity, "nowhere")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("nowhere", wrong.stderr)

    def test_a_bottle_without_a_copy_says_so(self):
        self.product.run("run", "--keep", "--", "true")
        wrong = self.product.run("diff", self.kept()[0]["identity"])
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("--cwd", wrong.stderr)


class Apply(KeptCase):
    def test_everything_comes_home_once(self):
        identity = self.change(EDIT)
        self.apply(identity)
        self.assertEqual(self.work("src/main.c").read_text(), "int changed;\n")
        self.assertEqual(self.work("new/one").read_text(), "one\n")
        self.assertFalse(self.work("gone.txt").exists())
        self.assertTrue(self.work("README").stat().st_mode & stat.S_IXUSR)
        self.assertEqual(self.diff(identity), {}, "what is home is no change any more")
        self.assertIn("nothing is left", self.apply(identity).stderr)

    def test_only_what_was_asked_for(self):
        identity = self.change(EDIT)
        self.apply(identity, "new/one")
        self.assertEqual(self.work("new/one").read_text(), "one\n")
        self.assertEqual(self.work("src/main.c").read_text(), "int main;\n")
        self.assertEqual(set(self.diff(identity)), {"src/main.c", "gone.txt", "README"})

    def test_without_an_answer_nothing_happens(self):
        identity = self.change(EDIT)
        before = self.tree()
        asked = self.product.run("apply", identity, "--no-input")
        self.assertEqual(asked.returncode, 2)
        self.assertIn("--yes", asked.stderr)
        self.assertEqual(self.tree(), before)

    def test_what_changed_at_home_too_is_a_conflict(self):
        identity = self.change(EDIT)
        self.product.write("work/src/main.c", "the operator's own\n")
        self.product.write("work/gone.txt", "written again\n")
        self.product.write("work/new", "now a file\n")
        done = self.apply(identity, code=1)
        self.assertEqual(self.work("src/main.c").read_text(), "the operator's own\n")
        self.assertEqual(self.work("gone.txt").read_text(), "written again\n")
        self.assertEqual(self.work("new").read_text(), "now a file\n")
        self.assertIn("src/main.c", done.stderr)
        self.assertIn("changed at home", done.stderr)

    def test_the_same_change_at_home_is_none(self):
        identity = self.change("echo both > src/main.c")
        self.product.write("work/src/main.c", "both\n", mode=0o644)
        self.assertTrue(self.diff(identity)["src/main.c"]["home_already"])
        self.apply(identity)
        self.assertEqual(self.diff(identity), {})

    def test_files_belong_to_the_owner_of_the_directory(self):
        identity = self.change(EDIT)
        self.apply(identity)
        owner = self.product.work.stat().st_uid
        self.assertEqual({self.work(n).lstat().st_uid for n in ("new", "new/one", "src/main.c")},
                         {owner})


RUNS_LATER = (
    ".mcp.json", ".vscode/tasks.json", ".claude/settings.json", ".claude/settings.local.json",
    ".claude/hooks/go.sh", ".envrc", ".direnv/x", ".env", ".husky/pre-commit", ".bashrc", ".profile",
    ".zshenv", ".config/fish/config.fish", ".git/config", ".git/info/attributes",
    "vendor/lib/.git/config", ".gitmodules", ".pre-commit-config.yaml", ".codex/config.toml",
    ".cursor/mcp.json", ".idea/workspace.xml", ".bot-bottle/bottles/dev.md", ".npmrc", ".yarnrc.yml",
    ".vimrc", ".exrc", ".devcontainer/devcontainer.json", "x.code-workspace", ".CLAUDE/settings.json",
    ".Git/config", "sub/.mcp.json", "bare.git/config", "sitecustomize.py", ".cargo/config.toml",
    ".mise.toml", "lefthook.yml", ".ssh/authorized_keys", ".gdbinit")


class HeldBack(KeptCase):
    """None of these exists before the agent makes it (CVE-2026-25725)."""

    def test_what_runs_on_the_host_later_is_named_and_stays(self):
        script = "".join(f"mkdir -p $(dirname '{p}'); echo evil > '{p}';" for p in RUNS_LATER)
        before = self.tree()
        identity = self.change(script + "echo good > good.txt")
        changes = self.diff(identity)
        for path in RUNS_LATER:
            self.assertTrue(changes[path]["held_back"], f"{path} is not held back")
        done = self.apply(identity)
        after = self.tree()
        self.assertEqual(after.pop("good.txt"), ("file", b"good\n"))
        for path in ("vendor", "vendor/lib", "sub", "bare.git"):  # directories alone do nothing
            self.assertEqual(after.pop(path), ("directory",))
        self.assertEqual(after, before)
        for path in (".mcp.json", ".vscode/tasks.json", ".claude/settings.json", ".envrc"):
            self.assertIn(path, done.stderr, "what stays is named")

    def test_a_held_file_comes_when_it_is_named_itself(self):
        identity = self.change("mkdir .vscode; echo 1 > .vscode/tasks.json; echo 2 > .mcp.json")
        self.assertEqual(self.product.run("apply", identity, "--yes", "--held").returncode, 2)
        self.apply(identity, "--held", ".mcp.json", ".vscode")
        self.assertEqual(self.work(".mcp.json").read_text(), "2\n")
        self.assertFalse(self.work(".vscode/tasks.json").exists(), "a directory names no file")
        self.apply(identity, "--held", ".vscode/tasks.json")
        self.assertEqual(self.work(".vscode/tasks.json").read_text(), "1\n")

    def test_git_hooks_never_come(self):
        self.product.write("work/.git/HEAD", "ref: refs/heads/main\n")
        identity = self.change("mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit; "
                               "chmod +x .git/hooks/pre-commit")
        self.apply(identity, "--held", ".git/hooks", ".git/hooks/pre-commit")
        self.assertFalse(self.work(".git/hooks").exists())

    def test_a_changed_setting_stays_too(self):
        self.product.write("work/.vscode/settings.json", "{}\n")
        identity = self.change("echo evil > .vscode/settings.json; rm -f .vscode/none")
        self.apply(identity)
        self.assertEqual(self.work(".vscode/settings.json").read_text(), "{}\n")


class HostileTree(KeptCase):
    def setUp(self):
        super().setUp()
        self.outside = self.product.write("outside/target.txt", "outside\n")

    def test_links_out_of_the_tree_stay(self):
        identity = self.change(
            f"ln -s {self.outside} absolute; ln -s ../outside/target.txt up; ln -s . here; "
            "ln -s here/../../outside through; ln -s src/main.c good; ln -s .git/hooks h; "
            "mkdir d; ln -s ../src d/sibling; ln -s ../../outside d/up")
        changes = self.diff(identity)
        held = {path for path, c in changes.items() if c["held_back"]}
        self.assertEqual(held, {"absolute", "up", "through", "h", "d/up"})
        self.apply(identity)
        links = {name: what[1] for name, what in self.tree().items() if what[0] == "link"}
        self.assertEqual(links, {"good": "src/main.c", "here": ".", "d/sibling": "../src"})

    def test_no_write_goes_through_a_link_of_the_operators_tree(self):
        self.work("linked").symlink_to("../outside")
        identity = self.change("rm linked; mkdir linked; echo evil > linked/target.txt; "
                               "echo evil > linked/new.txt")
        self.apply(identity, code=1)
        self.assertEqual(self.outside.read_text(), "outside\n")
        self.assertFalse((self.outside.parent / "new.txt").exists())
        self.assertTrue(self.work("linked").is_symlink())

    def test_a_file_that_became_a_link_is_not_followed(self):
        identity = self.change(f"rm src/main.c; ln -s {self.outside} src/main.c")
        self.apply(identity)
        self.assertEqual(self.work("src/main.c").read_text(), "int main;\n")
        self.assertFalse(self.work("src/main.c").is_symlink())

    def test_a_directory_swapped_for_a_link_after_the_session(self):
        identity = self.change("mkdir new; echo one > new/one")
        copy = self.kept()[0]["workspace"]
        os.rename(f"{copy}/new", f"{copy}/moved")
        os.symlink(self.outside.parent, f"{copy}/new")
        self.apply(identity)
        self.assertNotIn("new/target.txt", self.tree())
        self.assertFalse(self.work("new").exists())

    def test_fifos_and_sockets_are_never_opened(self):
        identity = self.change("mkfifo fifo; rm README; mkfifo README; "
                               "python3 -c 'import socket; socket.socket(1).bind(\"s\")' || true")
        done = self.product.run("diff", identity, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.product.run("apply", identity, "--yes", timeout=20)
        self.assertEqual(self.work("README").read_text(), "read me\n")
        self.assertFalse(self.work("fifo").exists())
        shown = self.product.run("apply", identity, "--yes", "--held", "fifo", timeout=20)
        self.assertIn("FIFO", shown.stderr)
        self.assertFalse(self.work("fifo").exists())

    def test_set_user_id_and_open_modes_do_not_come(self):
        identity = self.change("echo s > s; chmod 6777 s; echo w > w; chmod 666 w; "
                               "chmod 777 src/main.c")
        self.apply(identity)
        self.assertEqual(self.work("s").stat().st_mode & 0o7022, 0)
        self.assertEqual(self.work("w").stat().st_mode & 0o022, 0)
        self.assertEqual(self.work("src/main.c").stat().st_mode & 0o7777, 0o755)

    def test_any_name_comes_home_and_none_drives_the_terminal(self):
        identity = self.change(r'''python3 - <<'EOF'
import os
for name in (b"new\nline", b"esc\x1b]0;mine\x07", b"-rf", b"sp ace", b"\xff\xfe", b"star*"):
    open(name, "wb").write(b"x\n")
EOF''')
        told = self.ok(self.product.run("diff", identity))
        self.assertNotIn("\x1b", told.stdout + told.stderr)
        self.apply(identity)
        names = set(os.listdir(os.fsencode(self.product.work)))
        self.assertLessEqual({b"new\nline", b"-rf", b"sp ace", b"\xff\xfe", b"star*"}, names)

    def test_a_running_agent_cannot_win_the_race(self):
        """The copy is swapped under `apply`'s feet; whatever came home was a regular file of the copy."""
        identity = self.change("mkdir new; for i in $(seq 200); do echo $i > new/$i; done")
        copy = self.kept()[0]["workspace"]
        os.symlink(self.outside.parent, f"{copy}/evil")
        stop, swaps = threading.Event(), []

        def swap():
            while not stop.is_set():
                swaps.append(1)
                for name in ("1", "50", "100", "150", "200"):
                    try:
                        os.rename(f"{copy}/new/{name}", f"{copy}/kept")
                        os.symlink(self.outside, f"{copy}/new/{name}")
                        os.unlink(f"{copy}/new/{name}")
                        os.rename(f"{copy}/kept", f"{copy}/new/{name}")
                        os.rename(f"{copy}/new", f"{copy}/away")
                        os.rename(f"{copy}/evil", f"{copy}/new")
                        os.rename(f"{copy}/new", f"{copy}/evil")
                        os.rename(f"{copy}/away", f"{copy}/new")
                    except OSError:
                        return
        thread = threading.Thread(target=swap)
        thread.start()
        try:
            self.product.run("apply", identity, "new", "--yes")
        finally:
            stop.set()
            thread.join()
        for name, what in self.tree().items():
            if name.startswith("new/"):
                self.assertEqual(what, ("file", name[4:].encode() + b"\n"))
        self.assertEqual(self.outside.read_text(), "outside\n")
        self.assertTrue(swaps, "nothing was swapped")
        # Left alone, the same tree comes home whole: it was the swapping that kept anything back.
        os.unlink(f"{copy}/evil")
        self.ok(self.product.run("apply", identity, "new", "--yes"))
        self.assertEqual(len([name for name in self.tree() if name.startswith("new/")]), 200)
