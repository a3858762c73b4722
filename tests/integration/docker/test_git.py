"""The git-gate behind a container: the same gate, and another way for its socket into the bottle."""

from git_gate.case import GitCase, TOKEN, clone, commit

from .harness import OnDocker


class Git(OnDocker, GitCase):
    def test_clone_fetch_and_push(self):
        self.declare()
        self.inside(clone(self.upstream.url()) + commit() + "git push -q origin main; git fetch -q; git tag v1; "
                    "git push -q origin v1; git clone -q --depth 1 --filter=blob:none " + self.upstream.url() + " ../part")
        self.assertEqual(set(self.upstream.refs()), {"refs/heads/main", "refs/tags/v1"})
        out = self.inside(clone(self.upstream.url()) + commit("a", "f", TOKEN) + "git push origin main", code=1)
        self.assertIn("[github-token] in f:1,", out)
