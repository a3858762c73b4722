"""What the general folders ask of a bottle, asked of containers: of this machine's, and of bundles on an engine of
another machine's. A few tests of each: the sidecars are the same processes, how a bottle is joined to them is not."""

import time
import urllib.parse

from cli import test_run
from docker.harness import OnDocker
from git_gate import test_gate
from lib import suite
from lib.engine import Engine, RemoteEngine, without_agents
from lib.testbed import GATEWAY
from lifecycle import test_apply, test_resume
from supervise import test_hold, test_plain
from two_bottles import test_two

from .shared import shared


def here():
    return Engine(suite.options.account, image=without_agents)


def far_away():
    return RemoteEngine(suite.options.account, suite.testbed, GATEWAY, image=without_agents)


class Contained(OnDocker):
    def setUp(self):
        began = time.time()
        super().setUp()
        self.addCleanup(self.assert_on_the_engine, began)

    def assert_on_the_engine(self, began):
        created = urllib.parse.quote('{"event":["create"],"type":["container"]}')
        events = self.engine.ask("GET", f"/events?since={began:.3f}&until={time.time():.3f}&filters={created}", parse=False)
        self.assertNotEqual(events, b"", "the bottle was no container")


class Here(Contained):
    def find_engine(self):
        return shared(here)


class FarAway(Contained):
    def find_engine(self):
        return shared(far_away)


class ShellInAnImage:
    """Before a case whose agent is a shell: on these backends its program is in an image."""

    def setUp(self):
        super().setUp()
        image = self.product.write("image/Dockerfile", "ARG BASE\nFROM ${BASE}\n")
        file = self.product.config / "bottles/dev.md"
        file.write_text(file.read_text().replace("  command: sh\n", f"  command: sh\n  dockerfile: {image}\n"))


CHOSEN = (
    (test_run.Run, "test_streams_and_exit_code", "test_large_binary_streams", "test_interrupt_from_a_keyboard",
     "test_terminated_by_a_supervisor", "test_environment_from_the_manifest", "test_fifo_in_the_workspace_hangs_nothing",
     "test_denial_explains_itself"),
    (test_gate.Works, "test_what_the_upstream_gets_meanwhile_is_fetched",
     "test_a_push_larger_than_the_buffer_of_curl_is_chunked"),
    (test_gate.Refused, "test_a_secret_is_named_by_place_and_the_same_push_without_it_passes",
     "test_a_push_that_is_too_large"),
    (test_plain.PlainAgent, "test_it_asks_learns_the_decision_and_goes_on", "test_edited_once_and_always"),
    (test_plain.Credential, "test_it_is_put_on_outside_a_running_bottle"),
    (test_hold.Held, "test_bodies_arrive_whole"),
    (test_apply.Diff, "test_every_kind_of_change_is_listed"),
    (test_apply.Apply, "test_everything_comes_home_once"),
    (test_resume.Ends, "test_well_and_something_changed", "test_badly", "test_by_a_signal"),
    (test_resume.Resume, "test_the_operators_directory_is_not_copied_again", "test_only_one_of_two_at_a_time",
     "test_detached"),
    (test_two.TwoBottles, "test_processes_and_files_are_apart", "test_loopback_is_apart", "test_stop_ends_one"),
)


def taken(case, names, *before):
    """The case with these of its tests, after what stands before it."""
    others = {name: None for name in dir(case) if name.startswith("test_") and name not in names}
    return type(f"{before[0].__name__}{case.__name__}", (*before, case), {"__module__": __name__, **others})


def places():
    """An ordinary operator's bottles are far away, root's are here: each costs an engine, and that the other two
    work as well is in ../docker."""
    if suite.options is None:
        return Here, FarAway
    return (FarAway,) if suite.options.account.uid else (Here,)


for _place in places():
    for _case, *_names in CHOSEN:
        _more = (ShellInAnImage,) if issubclass(_case, test_resume.ShellAgentCase) else ()
        _class = taken(_case, _names, _place, *_more)
        globals()[_class.__name__] = _class
del _case, _class, _place
