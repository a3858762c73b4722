"""A terminal that a test types into and reads from: tmux, with a server of its own."""

import os
import re
import secrets
import subprocess

from .processes import wait_until


class Terminal:
    def __init__(self, account, folder, environment, columns=120, rows=40):
        self.account, self.environment = account, environment
        self.socket = os.path.join(folder, "tmux-" + secrets.token_hex(4))
        # A shell stays around the product, so that what it leaves of the terminal can be seen.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                   "-s", "t", "env", "PS1=ready$ ", "sh")
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self._tmux("set-option", "-s", "escape-time", "0")
        self.wait_for(r"ready\$")

    def _tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], check=True, text=True,
                              capture_output=True, env=self.environment,
                              **self.account.popen_arguments()).stdout

    def type(self, text):
        self._tmux("send-keys", "-t", "t", "-l", text)

    def keys(self, *names):
        self._tmux("send-keys", "-t", "t", *names)

    def line(self, text):
        self.type(text)
        self.keys("Enter")

    def resize(self, columns, rows):
        self._tmux("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def screen(self):
        return self._tmux("capture-pane", "-p", "-t", "t")

    def history(self):
        return self._tmux("capture-pane", "-p", "-S", "-2000", "-t", "t")

    def wait_for(self, pattern, seconds=20):
        """The screen once it matches; an AssertionError that shows it otherwise."""
        def matches():
            return re.search(pattern, self.screen(), re.MULTILINE)
        if not wait_until(matches, seconds, 0.05):
            raise AssertionError(f"the terminal never showed {pattern!r}:\n{self.screen()}")
        return self.screen()

    def panes(self, wanted):
        """What tmux has for this of each of its panes."""
        return self._tmux("list-panes", "-t", "t", "-F", wanted).split()

    def end_pane(self):
        """The one that has the keys."""
        self._tmux("kill-pane", "-t", "t")

    def close(self):
        try:
            self._tmux("kill-server")
        except subprocess.CalledProcessError:
            pass  # it has ended already
