"""Hold 2 and 3: a real turn end to end; the real token reaches the API and nothing in the bottle."""

import pathlib

from lib import agents, canary, processes
from lib.anthropic import Gate
from lib.claude import Bash, ClaudeCase, Say


class HeadlessTurn(ClaudeCase):
    script = (Bash("echo written-by-the-agent > from-agent.txt; cat brought.txt"),
              Say("the file is written"))

    def test_tool_turn(self):
        self.product.write("work/brought.txt", "brought by the operator\n")
        result = self.ok(self.start("--prompt", "write the file"))
        events = self.events(result)
        self.assertEqual(events[-1]["type"], "result")
        self.assertFalse(events[-1]["is_error"])
        self.assertEqual(events[-1]["result"], "the file is written")
        self.assertFalse((self.product.work / "from-agent.txt").exists(),
                         "the operator's own directory was written to")
        workspace = pathlib.Path(self.metadata()["workspace"])
        self.assertEqual((workspace / "from-agent.txt").read_text(), "written-by-the-agent\n")
        self.assertEqual((workspace / "brought.txt").read_text(), "brought by the operator\n")
        # The tool's output went back to the model: it saw the copied workspace.
        self.assertIn(b"brought by the operator", self.api.model_calls[-1].body)

    def test_credential_is_put_on_outside(self):
        self.ok(self.start("--prompt", "write the file"))
        for request in self.api.requests:
            self.assertEqual(request.header("authorization"), f"Bearer {self.token}", request.target)
            self.assertEqual(request.header("x-api-key"), "")
            self.assertNotIn(b"botbottle-placeholder", request.body)
        self.assertGreaterEqual(len(self.api.model_calls), 2)

    def test_prompts_arrive(self):
        self.ok(self.start("--prompt", "write the file about toucans"))
        first = self.api.model_calls[0].body
        self.assertIn(b"your word is pelican", first)
        self.assertIn(b"about toucans", first)

    def test_arguments_after_the_dashes_go_to_the_agent(self):
        result = self.ok(self.start("--prompt", "hello", "--", "--model", "claude-opus-5-5"))
        self.assertEqual(self.events(result)[-1]["result"], "the file is written")
        self.assertIn(b'"model":"claude-opus-5-5"', self.api.model_calls[0].body)

    def test_only_the_api_was_asked_for(self):
        self.ok(self.start("--prompt", "write the file"))
        self.assertEqual(set(self.proxy.asked), {("api.anthropic.com", 443)})

    def test_the_package_that_users_have(self):
        self.product.path[0] = str(agents.claude_package())
        result = self.ok(self.start("--prompt", "write the file"))
        self.assertEqual(self.events(result)[-1]["result"], "the file is written")


class ApiKey(ClaudeCase):
    def setUp(self):
        super().setUp()
        self.token = "sk-ant-api03-" + self.token[13:]
        self.product.extra["BOTBOTTLE_TEST_TOKEN"] = self.token

    def test_api_key_goes_out_as_x_api_key(self):
        self.ok(self.start("--prompt", "hello"))
        for request in self.api.model_calls:
            self.assertEqual(request.header("x-api-key"), self.token)
            self.assertEqual(request.header("authorization"), "")


class FailingTurn(ClaudeCase):
    def setUp(self):
        super().setUp()
        self.api.respond = self._refuse

    @staticmethod
    def _refuse(_request, send):
        body = b'{"type":"error","error":{"type":"permission_error","message":"no"}}'
        send(b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
             b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def test_exit_code_is_the_agents(self):
        result = self.start("--prompt", "hello")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertTrue(self.events(result)[-1]["is_error"])


class Canary(ClaudeCase):
    """The search happens while a request is under way: everything that the bottle ever has is there."""

    def setUp(self):
        self.gate = Gate()
        self.script = (Bash("env > env.txt; echo one"), Say("a long story, told slowly", self.gate))
        super().setUp()
        self.started = self.start_in_background("--prompt", "tell a story")
        self.addCleanup(self._end)
        self.assertTrue(self.gate.reached.wait(30), "the agent never got to its second request")
        listed = self.product.bottles()
        self.assertEqual(len(listed), 1)
        self.identity, self.pid = listed[0]["identity"], listed[0]["pids"]["inside"]
        self.inside = processes.in_same_pid_namespace(self.pid)
        names = {processes.name(pid) for pid in self.inside}
        self.assertIn("claude", names, f"the agent's process is not among {names}")

    def _end(self):
        self.gate.release()
        self.started.communicate(timeout=30)

    def everywhere(self, needles, exempt):
        found = []
        for pid in self.inside:
            found += canary.in_memory(pid, needles)
        found += canary.in_process_table(needles, exempt)
        found += canary.in_bottle_files(self.pid, needles)
        found += canary.in_files(self.product.config, needles)
        found += canary.in_files(self.product.runtime, needles)
        return found

    def outside(self, name):
        pids = processes.named(name)
        self.assertTrue(pids, f"no {name} runs")
        return pids

    def test_token_is_nowhere_in_the_bottle(self):
        needles = canary.spellings("the token", self.token)
        # The command that the operator started has the variable from the operator.
        self.assertEqual(self.everywhere(needles, exempt={self.started.pid}), [])
        # And the search can find it: the egress has to hold it to put it on.
        held = [line for pid in self.outside("botbottle-egress")
                for line in canary.in_memory(pid, {"the token": self.token.encode()})]
        self.assertTrue(held, "the search does not even find the token in the egress")

    def test_token_is_in_no_file_after_the_end(self):
        self._end()
        self.assertEqual(self.started.returncode, 0)
        needles = canary.spellings("the token", self.token)
        self.assertEqual(canary.in_files(self.product.root, needles), [])

    def test_search_inside_by_the_bottle_itself(self):
        # In two halves, and by standard input: the search must not find itself.
        half = len(self.token) // 2
        script = (f"n='{self.token[:half]}''{self.token[half:]}'; say() {{ printf '%s\\n' \"$n\"; }}; "
                  "say | grep -rlsF -f - /etc /home /opt /run /tmp /var /workspace /dev; "
                  "for f in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do "
                  "say | grep -lasF -f - $f; done; echo searched")
        done = self.product.run("exec", self.identity, "--", "sh", "-c", script)
        self.assertEqual(done.stdout, "searched\n", done.stderr)

    def test_placeholder_is_what_the_agent_has(self):
        for pid in self.inside:
            if processes.name(pid) == "claude":
                self.assertIn(b"placeholder", processes.environment(pid))
                return
        self.fail("the agent is gone")
