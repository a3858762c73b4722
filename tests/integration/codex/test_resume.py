"""A second turn of the same bottle goes on where the first ended: the argv that a resume uses."""

import json

from lib.codex import CodexCase, Say


class Resume(CodexCase):
    script = (Say("noted"),)

    def turn(self, identity, *words):
        result = self.ok(self.product.run("exec", identity, "--", "codex", "exec", *words,
                                          timeout=60))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_thread_goes_on(self):
        self.ok(self.product.run("start", "coder", "--yes", "--detach", timeout=60))
        identity = self.product.wait_for_bottles()[0]["identity"]
        self.addCleanup(self.product.run, "stop", identity)
        flags = ["--dangerously-bypass-approvals-and-sandbox", "--json", "--skip-git-repo-check"]
        first = self.turn(identity, *flags, "--", "remember the word ostrich")
        # As provider-codex's command_line has it; unit_provider_codex holds the words.
        second = self.turn(identity, "resume", "--last", *flags, "--", "what was the word")
        self.assertEqual(first[0]["thread_id"], second[0]["thread_id"])
        self.assertIn("remember the word ostrich", json.dumps(self.api.calls[-1][1]))
        self.assertIn("what was the word", json.dumps(self.api.calls[-1][1]))
