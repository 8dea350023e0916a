"""The patches that take a protection out still fit the tree.

What they do to their tests is shown by tests/processes/test_protections.py.
"""

import ast
import os
import subprocess

import pytest

from tests.runner import ROOT

FOLDER = ROOT / "tests" / "patches"
PATCHES = sorted(FOLDER.glob("*.patch"))


def go_live_tests() -> list[str]:
    source = (ROOT / "tests" / "flows" / "test_go_live.py").read_text(encoding="utf-8")
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_go_live_test_has_its_patch():
    assert [path.stem for path in PATCHES] == sorted(go_live_tests())
    assert len(PATCHES) == 6


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_patch_applies_to_the_add_on(patch):
    # A checkout in a folder of some other repository is still its own root.
    env = os.environ | {"GIT_CEILING_DIRECTORIES": str(ROOT.parent)}

    done = subprocess.run(
        ["git", "apply", "--check", str(patch)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_patch_says_first_what_it_takes_out_and_touches_only_the_add_on(patch):
    first, *rest = patch.read_text(encoding="utf-8").splitlines()

    files = [line for line in rest if line.startswith(("--- ", "+++ "))]
    assert first.startswith("# Takes out ") and first.endswith(".")
    assert files
    for line in files:
        assert line[6:].startswith("shopify_connector/")
