"""The list of Keras' own tests, and how many of them pass here.  They run by `python -m tests.peers.keras_own PATH`."""

from __future__ import annotations

from tests.peers.keras_own import FOLDERS, listed


def test_the_list_has_every_folder_and_tells_why_a_test_does_not_pass() -> None:
    known = listed()
    assert {node.split("/")[2] for node in known} == set(FOLDERS)
    assert not [node for node, why in known.items() if why.startswith("fails: ") and len(why) < 12]


def test_what_passed_is_not_taken_back() -> None:
    """Fewer would be a fault that somebody wrote into the list."""
    assert sum(not why for why in listed().values()) >= PASSED


PASSED = 1929
