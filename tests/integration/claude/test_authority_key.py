"""Hold 3, second half: the private key of the bottle's own authority is nowhere but in the egress and
the warden. It is learnt by tracing the launch, then looked for in every spelling."""

import base64
import subprocess

from lib import canary, processes, suite, tracing


def scalar(pem):
    """The 32 secret bytes of a P-256 key, by openssl's own text."""
    text = subprocess.run(["openssl", "pkey", "-text", "-noout"], input=pem.encode(), check=True,
                          capture_output=True).stdout.decode()
    digits = text.split("priv:")[1].split("pub:")[0]
    return bytes.fromhex("".join(digits.split()).replace(":", ""))[-32:]


class AuthorityKey(suite.ProductCase):
    def setUp(self):
        super().setUp()
        log = self.product.root / "trace"
        self.product.bottle("plain", "egress:\n  routes:\n    - host: www.example.com\n")
        self.started = self.product.popen("run", "--bottle", "plain", "--", "sleep", "60",
                                          prefix=tracing.command(log))
        self.addCleanup(self._end)
        listed = self.product.wait_for_bottles(seconds=30)
        self.identity, self.pid = listed[0]["identity"], listed[0]["pids"]["inside"]
        keys = processes.wait_until(lambda: tracing.private_keys(log), 10)
        self.assertEqual(len(keys), 1, "one private key is handed to the egress")
        log.unlink()
        self.pem = keys[0]

    def _end(self):
        self.product.run("stop", self.identity)
        self.started.communicate(timeout=30)

    def test_key_is_nowhere_in_the_bottle(self):
        secret = scalar(self.pem)
        body = "".join(self.pem.splitlines()[1:-1])
        der = base64.b64decode(body)
        needles = {"the key": secret, "the key, as OpenSSL computes with it": secret[::-1],
                   "the key in base64": body[8:48].encode(), "the key in hex": secret.hex().encode()}
        self.assertIn(secret, der)
        found = []
        for pid in processes.in_same_pid_namespace(self.pid):
            found += canary.in_memory(pid, needles)
        found += canary.in_process_table(needles)
        found += canary.in_bottle_files(self.pid, needles)
        found += canary.in_files(self.product.root, needles)
        self.assertEqual(found, [])
        held = [line for pid in processes.named("botbottle-egress")
                for line in canary.in_memory(pid, needles)]
        self.assertTrue(held, "the search does not even find the key in the egress")
