"""What goes into a machine and comes out of it again."""

from lifecycle import test_apply

from .harness import OnSmolvm

CHOSEN = {test_apply.Diff: ("test_every_kind_of_change_is_listed",), test_apply.Apply: ("test_everything_comes_home_once",)}


def taken(case, names):
    others = {name: None for name in dir(case) if name.startswith("test_") and name not in names}
    return type(case.__name__, (OnSmolvm, case), {"__module__": __name__, **others})


Diff, Apply = (taken(case, names) for case, names in CHOSEN.items())
