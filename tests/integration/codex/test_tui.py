"""The real Codex CLI at a terminal: a turn with a tool, no daemon, and the conversation goes on."""

from lib import processes
from lib.codex import Bash, CodexCase, Say
from lib.terminal import Terminal


class OnATerminal(CodexCase):
    script = (Bash("echo from-the-terminal > told.txt"), Say("the heron has landed"))

    def setUp(self):
        super().setUp()
        self.screen = Terminal(self.product.account, str(self.product.root),
                               self.product.environment)
        self.addCleanup(self.screen.close)
        self.screen.line(f"cd {self.product.work}; clear")

    def test_turn_and_clean_end(self):
        self.screen.line("clear; botbottle start coder --cwd --yes; echo en''ded with $?")
        self.screen.wait_for(r"^› ", 30)
        inside = processes.in_same_pid_namespace(self.product.bottles()[0]["pids"]["inside"])
        commands = [processes.command_line(pid) for pid in inside]
        self.assertFalse([c for c in commands if b"app-server" in c or b"daemon" in c], commands)
        self.screen.type("say where the heron is")
        self.screen.wait_for("say where the heron is")
        self.screen.keys("Enter")
        self.screen.wait_for("the heron has landed", 30)
        self.assertNotIn(b"app-server", b" ".join(processes.command_line(pid) for pid in inside))
        # While a turn still ends, Ctrl-C interrupts it; afterwards it leaves.
        self.screen.wait_for("Worked for", 30)
        self.screen.keys("C-c")
        self.screen.wait_for(r"ended with \d+", 20)
        told = self.product.in_state("told.txt")
        self.assertEqual([f.read_text() for f in told], ["from-the-terminal\n"])
        self.assertEqual({host for host, _ in self.proxy.asked}, {"chatgpt.com"})
        transports = {transport for transport, _ in self.api.calls}
        self.assertEqual(transports, {"websocket" if self.speaks_websocket else "sse"})


class OnATerminalOverWebSocket(OnATerminal):
    speaks_websocket = True
