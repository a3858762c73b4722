"""Holds the dependency rules; and holds that the check finds each kind of breach."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from layout import Tree  # noqa: E402

PROJECT = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else Path(__file__).resolve().parents[3]

# A tree in which everything is allowed.
GOOD = {
    "common/base/error.h": "#include <string>\n",
    "core/include/botbottle/plugin.h": "#include <stddef.h>\n#include <stdint.h>\n",
    "core/include/botbottle/plugin.hpp": '#include <string>\n#include "botbottle/plugin.h"\n',
    "core/files/lock.h": '#include "base/error.h"\n',
    "core/manifest/manifest.h": '#include <QString>\n#include "files/lock.h"\n',
    "core/plan/plan.h": '#include "manifest/manifest.h"\n#include "plan.moc"\n',
    "core/plugins/plugin.h": "#include <botbottle/plugin.h>\n",
    "core/bottles/launch.h": '#include "plan/plan.h"\n#include "plugins/plugin.h"\n',
    "core/cli/main.cpp": '#include "bottles/launch.h"\n',
    "sidecars/http/parser.h": '#include "base/error.h"\n',
    "sidecars/policy/policy.h": '#include <nlohmann/json_fwd.hpp>\n#include "http/parser.h"\n',
    "sidecars/egress/main.cpp": '#include <boost/asio.hpp>\n#include "policy/policy.h"\n',
    "sidecars/warden/main.cpp": '#include <fcntl.h>\n',
    "plugins/host-bottle/files.h": "#include <string>\n",
    "plugins/backend-x/x.cpp": '#include "host-bottle/files.h"\n',
    "plugins/provider-x/plan.h": "#include <map>\n",
    "plugins/provider-x/x.cpp": '#include "plan.h"\n#include <botbottle/plugin.hpp>\n',
}

# One more file, and the words of the complaint.
BREACHES = [
    ("core/cli/x.cpp", '#include "http/parser.h"', "core includes http/parser.h of sidecars"),
    ("sidecars/egress/x.cpp", '#include "plan/plan.h"', "sidecars includes plan/plan.h of core"),
    ("sidecars/egress/x.cpp", '#  include "../../core/plan/plan.h"', "of core"),
    ("sidecars/egress/x.cpp", "#include <botbottle/plugin.h>", "of core"),
    ("sidecars/egress/x.cpp", "#include <QString>", "includes Qt"),
    ("common/base/x.h", "#include <QString>", "includes Qt"),
    ("common/base/x.h", "#include <nlohmann/json.hpp>", "includes JSON"),
    ("common/base/x.h", "#include <sys/socket.h>", "a pure room"),
    ("common/base/x.h", '#include "http/parser.h"', "common includes"),
    ("common/base/x.h", '#include "plan/plan.h"', "common includes"),
    ("sidecars/http/x.h", "#include <boost/asio/buffer.hpp>", "a pure room"),
    ("sidecars/policy/x.h", "#include <openssl/evp.h>", "a pure room"),
    ("sidecars/http/x.h", '#include "policy/policy.h"', "not below it"),
    ("sidecars/warden/x.h", '#include "egress/server.h"', "not below it"),
    ("core/manifest/x.h", '#include "plan/plan.h"', "not below it"),
    ("core/plan/x.h", '#include "bottles/launch.h"', "not below it"),
    ("core/bottles/x.h", '#include "cli/main.h"', "not below it"),
    ("core/plugins/x.h", '#include "plan/plan.h"', "not below it"),
    ("core/files/x.h", '#include "manifest/manifest.h"', "not below it"),
    ("sidecars/attic/x.h", '#include "http/parser.h"', "has no row"),
    ("core/attic/x.h", '#include "plan/plan.h"', "has no row"),
    ("plugins/provider-x/y.cpp", '#include "plan/plan.h"', "only the ABI and its own folder"),
    ("plugins/provider-x/y.cpp", "#include <base/error.h>", "only the ABI and its own folder"),
    ("plugins/provider-x/y.cpp", '#include "../provider-z/z.h"', "only the ABI and its own folder"),
    ("plugins/provider-x/y.cpp", '#include "host-bottle/files.h"', "only the ABI and its own folder"),
    ("plugins/host-bottle/y.cpp", '#include "backend-x/x.h"', "only the ABI and its own folder"),
    ("plugins/provider-x/y.cpp", "#include <QString>", "includes Qt"),
    ("core/plan/x.h", '#include "nowhere.h"', "in no folder of this tree"),
    ("core/include/botbottle/plugin.h", "#include <stdlib.h>", "the ABI header includes"),
    ("core/include/botbottle/plugin.hpp", "#include <nlohmann/json.hpp>", "only the standard library"),
]

HELPERS = {
    "sidecars/egress/server.h": "",
    "core/cli/main.h": "",
    "plugins/provider-z/z.h": "",
    "plugins/backend-x/x.h": "",
}


def write_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        (path.parent / "README.md").touch()


class Layout(unittest.TestCase):
    def test_this_tree(self):
        self.assertEqual(Tree(PROJECT).check(), [])

    def test_a_good_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), {**GOOD, **HELPERS})
            self.assertEqual(Tree(folder).check(), [])

    def test_each_breach_is_found(self):
        for name, line, words in BREACHES:
            with self.subTest(name=name, line=line), tempfile.TemporaryDirectory() as folder:
                write_tree(Path(folder), {**GOOD, **HELPERS, name: line + "\n"})
                problems = Tree(folder).check()
                self.assertEqual(len(problems), 1, problems)
                self.assertIn(name, problems[0])
                self.assertIn(words, problems[0])

    def test_a_room_without_readme(self):
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), GOOD)
            (Path(folder) / "sidecars/http/README.md").unlink()
            self.assertEqual(Tree(folder).check(), ["sidecars/http: has sources and no README.md"])


if __name__ == "__main__":
    unittest.main()
