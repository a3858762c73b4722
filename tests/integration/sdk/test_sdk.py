"""Plugins that others write: built outside the tree against what is installed, and used by an agent."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from lib import certificates, servers, suite
from lib.sdk import SDK, Builder
from lib.servers import HttpServer, answer
from lib.upstream_proxy import UpstreamProxy

HOST = "parrot.example"

# The agent: a program that asks its model once and says what came.
PARROT = """#!/bin/sh
exec curl -sS -m 20 -H "Authorization: Bearer $PARROT_KEY" -d "${PARROT_WORDS-}$1" \
    https://parrot.example/v1/repeat
"""


def repeat(request, send):
    if request.target != "/v1/repeat":
        send(answer(b"not here", "404 Not Found"))
    else:
        send(answer(b"parrot says: " + request.body + b"\n"))


class SdkCase(Builder, suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.folder = self.sdk_folder()
        authority = certificates.Authority(self.folder)
        certificate = self.product.write("authority.pem", authority.certificate.read_text())
        self.api = HttpServer(servers.listen("127.0.0.1"), repeat, authority.context(HOST))
        self.proxy = UpstreamProxy({(HOST, 443): ("127.0.0.1", self.api.port)})
        self.servers(self.api, self.proxy)
        self.product.settings(f"egress:\n  upstream_proxy: {self.proxy.url}\n"
                              f"  upstream_ca: {certificate}\n")
        self.key = "parrot-key-0123456789abcdef"
        self.product.extra["PARROT_KEY_OF_MINE"] = self.key
        self.product.write("tools/parrot", PARROT, 0o755)
        self.product.path.insert(0, str(self.product.root / "tools"))
        self.product.agent("bird", "bottle: cage\n")

    def cage(self, provider, more=""):
        return self.product.bottle("cage", f"agent_provider:\n  template: {provider}\n"
                                           f"  api_key: PARROT_KEY_OF_MINE\n{more}")

    def start(self, *arguments):
        return self.product.run("start", "bird", "--yes", "--prompt", "hello", *arguments)

    def an_agent_runs(self, expected, *arguments):
        result = self.ok(self.start(*arguments))
        self.assertIn(expected, result.stdout)
        self.assertEqual([r.header("authorization") for r in self.api.requests],
                         [f"Bearer {self.key}"])


class Sdk(SdkCase):
    def own_keys_are_checked(self, provider, key):
        path = self.cage(provider, "  volume: 11\n")
        result = self.start()
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn(f"{path}:5: agent_provider: unknown key \"volume\" of the provider "
                      f"\"{provider}\"", result.stderr)
        self.cage(provider, f"  {key}: 7\n")
        self.assertIn(f"agent_provider.{key}: found the number 7", self.start().stderr)
        self.product.bottle("cage", f"agent_provider:\n  template: {provider}\n")
        self.assertIn("agent_provider.api_key: missing: name of the host variable with the key",
                      self.start().stderr)

    def verified(self, library):
        result = self.product.run("plugin", "verify", str(library), timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_provider_in_c(self):
        self.verified(self.drop_in(self.build("provider-c", self.folder)))
        self.cage("parrot-c")
        self.an_agent_runs("parrot says: hello")
        self.own_keys_are_checked("parrot-c", "loud")

    def test_provider_in_cpp(self):
        self.verified(self.drop_in(self.build("provider-cpp", self.folder)))
        self.cage("parrot-cpp", "  words: [pretty, polly]\n")
        self.an_agent_runs("parrot says: pretty polly hello")
        self.own_keys_are_checked("parrot-cpp", "words")

    def test_backend(self):
        self.drop_in(self.build("provider-cpp", self.folder))
        self.verified(self.drop_in(self.build("backend-bare", self.folder)))
        self.cage("parrot-cpp")
        self.an_agent_runs("parrot says: hello", "--backend", "bare")

    def test_a_plugin_that_is_not_allowed_is_not_opened(self):
        self.drop_in(self.build("provider-c", self.folder))
        self.cage("parrot-c")
        settings = self.product.config / "settings.yaml"
        settings.write_text(settings.read_text() + "plugins:\n  allow: [bubblewrap, claude]\n")
        result = self.start()
        self.assertEqual(result.returncode, 125)
        self.assertIn('plugins.allow does not name "parrot-c"', result.stderr)

    def test_a_plugin_that_others_can_write_is_refused(self):
        self.drop_in(self.build("provider-c", self.folder)).chmod(0o757)
        self.cage("parrot-c")
        self.assertIn("can be written by someone other than you", self.start().stderr)


class BuiltForTheFirstRelease(SdkCase):
    def test_it_loads(self):
        source = self.folder / "old"
        shutil.copytree(SDK / "provider-c", source)
        library = source / "provider-parrot-c.so"
        subprocess.run(["cc", "-std=c11", "-fPIC", "-shared", "-I", SDK / "abi-1.0",
                        "-o", library, source / "parrot.c"], check=True)
        self.drop_in(library)
        self.cage("parrot-c")
        self.an_agent_runs("parrot says: hello")
        listed = json.loads(self.ok(self.product.run("plugin", "list", "--json")).stdout)
        own = [p for p in listed["plugins"] if p["path"].endswith("provider-parrot-c.so")]
        self.assertTrue(own[0]["usable"], own)


class Abi(unittest.TestCase):
    """What was released as ABI 1.0 stays; and the check finds each kind of change."""

    def setUp(self):
        if not shutil.which("abidiff"):
            raise unittest.SkipTest("abidiff is not installed (abigail-tools)")
        if str(SDK) not in sys.path:
            sys.path.insert(0, str(SDK))
        import abi
        self.abi = abi
        self.headers = next(path for path in (suite.options.prefix / "include",
                                              SDK.parents[1] / "core/include")
                            if (path / "botbottle/plugin.h").exists())

    def changed(self, old, new):
        text = (self.headers / "botbottle/plugin.h").read_text()
        self.assertIn(old, text)
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder, "botbottle")
            target.mkdir()
            (target / "plugin.h").write_text(text.replace(old, new, 1))
            return self.abi.compare(SDK / "abi-1.0", folder)

    def test_this_header(self):
        self.assertEqual(self.abi.compare(SDK / "abi-1.0", self.headers), "")

    def test_each_change_is_found(self):
        for old, new in (
                ("BOTBOTTLE_NOT_FOUND = 3", "BOTBOTTLE_NOT_FOUND = 6"),
                ("BOTBOTTLE_LOG_ERROR = 3", "BOTBOTTLE_LOG_ERROR = 4"),
                ("    uint32_t abi_minor;   /* BOTBOTTLE_ABI_MINOR of the host */\n", ""),
                ("void (*reset)(void* context);", "int (*reset)(void* context);"),
                ("    uint32_t reserved;    /* 0 */\n", "    uint64_t reserved;\n"),
                ("botbottle_operation command_line; /* what to run -> argv */",
                 "botbottle_operation command_line; botbottle_operation one_more;"),
                ("botbottle_operation exec;      /* run", "botbottle_operation exek;  /* run"),
                ("probe;     /* can this machine isolate? what is missing, what mends it */\n"
                 "    botbottle_operation prepare;", "prepare;\n    botbottle_operation probe;"),
                ("typedef int32_t botbottle_status;", "typedef int64_t botbottle_status;"),
                ("#define BOTBOTTLE_ABI_MAJOR 1u", "#define BOTBOTTLE_ABI_MAJOR 2u"),
                ('"botbottle.provider/1"', '"botbottle.provider/2"')):
            with self.subTest(new):
                self.assertNotEqual(self.changed(old, new), "")
