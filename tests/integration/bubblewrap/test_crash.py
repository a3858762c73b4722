"""kill -9 of each part: what goes on goes on, what ended is gone, and what is left is found."""

import json
import os
import random
import signal
import time

from lib import processes

from .harness import PATIENCE, BottleCase


class Crash(BottleCase):
    def ours(self):
        """What was started since the test began and still lives, but for the plugin's process."""
        processes.reap()
        return [pid for pid in processes.descendants()
                if pid not in self.before and pid != self.backend.process.pid]

    def kill_and_wait(self, pid):
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(processes.wait_until(lambda: not processes.alive(pid)))

    def record(self, bottle):
        return json.loads((bottle.runtime / "backend.json").read_text())

    def test_the_relay(self):
        bottle = self.bottle()
        bottle.output("sleep 1000 >/dev/null 2>&1 &")
        inside = bottle.processes()
        self.assertGreater(len(inside), 1)
        self.kill_and_wait(bottle.pid)
        self.assertTrue(processes.wait_until(lambda: not any(map(processes.alive, inside))))
        self.assertTrue(processes.wait_until(lambda: not self.ours()))

        self.assertFalse(bottle.list()["running"])
        self.refused("not_running", bottle.attach, "true")
        self.refused("not_running", bottle.exec, "true")
        self.assertEqual([item["kind"] for item in self.leftovers()], ["files"])
        self.assertEqual(self.leftovers(known=[bottle.identity]), [])
        self.assertEqual(bottle.stop(), {"stopped": True})
        self.assertIsNone(bottle.list())
        bottle.prepare().launch()
        self.assertEqual(bottle.output("echo again"), "again\n")

    def test_bwrap(self):
        bottle = self.bottle()
        self.kill_and_wait(self.record(bottle)["monitor"]["pid"])
        self.assertEqual(bottle.output("echo on"), "on\n")
        self.assertTrue(bottle.list()["running"])
        bottle.stop()
        self.assertFalse(processes.alive(bottle.pid))

    def test_the_program_that_loaded_the_plugin(self):
        bottle = self.bottle()
        self.backend.kill()
        self.new_backend()
        self.assertEqual(bottle.output("echo on"), "on\n")
        item, = self.leftovers()
        self.assertEqual((item["identity"], item["kind"]), (bottle.identity, "process"))
        self.remove([item])
        self.assertFalse(processes.alive(bottle.pid))
        self.assertEqual(self.leftovers(), [])
        self.assertFalse(bottle.runtime.exists())

    def test_the_program_that_loaded_the_plugin_in_the_middle_of_a_launch(self):
        """Nothing runs that leftovers would not find, and nothing is found that does not run."""
        found = {"process": 0, "files": 0}
        for attempt in range(40):
            bottle = self.prepared()
            self.backend.ask("launch", **bottle.about, **bottle.launch_request())
            time.sleep(random.uniform(0, 0.012))
            self.backend.kill()
            self.new_backend()
            # A launch that was cut off ends by itself as soon as the relay looks.
            def told():
                items = self.leftovers()
                runs = [item for item in items if item["kind"] == "process"]
                return items if len(self.ours()) == 2 * len(runs) else None

            def settled():  # seen twice: a process that is just being started has yet to open its socket
                first = told()
                time.sleep(0.05)
                return first if first and told() == first else None
            items = processes.wait_until(settled, PATIENCE)
            self.assertTrue(items, (attempt, self.leftovers(), self.ours()))
            item, = items
            found[item["kind"]] += 1
            self.remove(items)
            self.assertTrue(processes.wait_until(lambda: not self.ours()), attempt)
            self.assertEqual(self.leftovers(), [])
        # Else the test has not cut where it means to.
        self.assertGreater(found["files"], 0)

    def test_a_damaged_record(self):
        bottle, other = self.bottle(), self.bottle()
        record = bottle.runtime / "backend.json"
        sound = record.read_bytes()
        # Of a launch that died before core heard of its processes; else the handle names them.
        unnamed = {**bottle.about, "handle": bottle.prepared["handle"], "grace_ms": 0}
        for damage in (b"", b"{", b"[]", sound.replace(b"pid", b"pod"),
                       sound.replace(b'"pid":', b'"pid":-'), b"\0" * 100):
            record.write_bytes(damage)
            self.assertTrue(other.list()["running"])
            items = {item["identity"]: item["kind"] for item in self.leftovers()}
            self.assertEqual(items, {bottle.identity: "process", other.identity: "process"})
            self.refused("bad_record", self.backend.call, "stop", **unnamed)
            item = [i for i in self.leftovers() if i["identity"] == bottle.identity]
            self.refused("bad_record", self.remove, item)
            self.assertTrue(processes.alive(bottle.pid))
        record.write_bytes(sound)
        bottle.stop()

    def test_a_pid_that_is_used_again(self):
        bottle = self.bottle()
        record = self.record(bottle)
        pid = bottle.pid
        self.kill_and_wait(pid)
        # Somebody else's process under the same number: ours, with another start time.
        record["relay"]["pid"] = os.getpid()
        (bottle.runtime / "backend.json").write_text(json.dumps(record))
        self.assertFalse(bottle.list()["running"])
        self.assertEqual(bottle.stop(), {"stopped": True})

    def test_ids_that_were_made_up(self):
        other = self.folder / "other"
        (other / "bottle/etc").mkdir(parents=True)  # as ours, but for what prepare makes
        for folder in (other, other / "bottle"):
            folder.chmod(0o700)
            self.own(folder)
        for made_up in ("process:/", "files:../x", "other:/tmp", "files:", "", "files:/no/such",
                        f"files:{other}/bottle", f"files:{self.folder}/run/../state"):
            with self.subTest(made_up):
                self.refused("invalid_request", self.backend.call, "remove", items=[made_up])
        self.assertTrue((other / "bottle/etc").exists())

    def test_a_runtime_root_that_others_can_write(self):
        bottle = self.bottle()
        root = self.folder / "run"
        root.chmod(0o777)
        self.refused("not_ours", bottle.list)
        self.refused("not_ours", self.leftovers)
        root.chmod(0o700)
        (root / "link").symlink_to(bottle.runtime)
        self.assertEqual(len(self.leftovers()), 1)
