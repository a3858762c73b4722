"""What an agent may try with the hosts that its provider's route opens: an attacker's own account at
the same API. Run with curl inside the bottle; each has a control against the same server directly."""

ATTACKER = "sk-attacker-0123456789abcdef0123456789abcdef"

# (name, curl's words after the URL's path)
FOREIGN_CREDENTIALS = [
    ("foreign key in x-api-key", ["-H", f"x-api-key: {ATTACKER}"]),
    ("foreign bearer", ["-H", f"Authorization: Bearer {ATTACKER}"]),
    ("both at once", ["-H", f"Authorization: Bearer {ATTACKER}", "-H", f"X-API-Key: {ATTACKER}"]),
    ("api-key", ["-H", f"api-key: {ATTACKER}"]),
    ("credential named by Connection", ["-H", "Connection: x-api-key", "-H",
                                        f"x-api-key: {ATTACKER}"]),
]


class Exfiltration:
    """Mixed into a case with `api`, `authority` and a bottle whose provider opens `host`."""

    def curl(self, host, path, *words):
        """(inside the bottle, directly): whether the server recorded the request, and it."""
        inside = self.ask(["exec", self.identity, "--", "curl"], host, path, words)
        control = self.ask(None, host, path, words)
        self.assertIsNotNone(control, f"the control of {path} {words} is broken")
        return inside

    def ask(self, through, host, path, words):
        import subprocess
        before = len(self.api.requests)
        url = f"https://{host}{path}"
        if through:
            self.product.run(*through, "-sS", "-m", "20", *words, url)
        else:
            subprocess.run(["curl", "-sS", "-m", "20", "--cacert", str(self.authority.certificate),
                            "--connect-to", f"{host}:443:127.0.0.1:{self.api.port}", *words, url],
                           capture_output=True, check=False)
        made = [r for r in self.api.requests[before:] if r.target == path]
        return made[0] if made else None

    def no_foreign_credential_arrives(self, host, path, own):
        for name, words in FOREIGN_CREDENTIALS:
            with self.subTest(name):
                seen = self.curl(host, path, "-X", "POST", "-d", "{}", *words)
                self.assertIsNotNone(seen, "the operator's own call must work")
                self.assertNotIn(ATTACKER, str(seen.headers))
                self.assertEqual(seen.header(own[0]), own[1])

    def closed(self, host, paths):
        for method, path in paths:
            with self.subTest(path):
                words = ["-X", method, "--path-as-is", "-H", f"x-api-key: {ATTACKER}"]
                self.assertIsNone(self.curl(host, path, *words), f"{path} is open")
