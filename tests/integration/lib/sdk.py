"""The plugins of `tests/sdk`, built outside the tree against what is installed, and dropped in."""

import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from . import suite

SDK = pathlib.Path(__file__).resolve().parents[2] / "sdk"
BUILT = {}


class Builder:
    """Mixed into a case of the product."""

    def sdk_folder(self):
        prefix = suite.options.prefix
        if not (prefix / "lib/cmake/botbottle/botbottleConfig.cmake").exists():
            raise unittest.SkipTest(f"{prefix} is a build tree: the SDK is tested as it is installed")
        folder = tempfile.TemporaryDirectory(prefix="bb-sdk-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def build(self, name, folder=None):
        """The plugin, from a copy of its folder that knows of nothing but the installation. Without a
        folder, one that was built before will do."""
        if folder is None and name in BUILT:
            return BUILT[name]
        if folder is None:
            self.sdk_folder()
            folder = pathlib.Path(tempfile.mkdtemp(prefix="bb-sdk-"))
            atexit.register(shutil.rmtree, folder, True)
            BUILT[name] = self.build(name, folder)
            return BUILT[name]
        source = folder / name
        shutil.copytree(SDK / name, source)
        prefix = str(suite.options.prefix)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder),
                       "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"}
        commands = [["./build.sh"]] if (source / "build.sh").exists() else \
            [["cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}",
              "-DCMAKE_BUILD_TYPE=Release"], ["cmake", "--build", "build"]]
        for command in commands:
            done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return next(source.rglob("*.so"))

    def drop_in(self, library):
        directory = self.product.config / "plugins"
        directory.mkdir(mode=0o700, exist_ok=True)
        self.product.account.own(directory)
        target = directory / library.name
        shutil.copy(library, target)
        target.chmod(0o755)
        self.product.account.own(target)
        return target
