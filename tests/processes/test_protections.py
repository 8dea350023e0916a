"""The six go-live tests can fail: each does when the protection it watches is taken out.

A patch in tests/patches/ takes one out, in a copy of the tree with an Odoo of its own.
"""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.runner import ROOT, environment, run_script

GO_LIVE = "test_go_live.py"
PATCHES = {path.stem: path for path in (ROOT / "tests" / "patches").glob("*.patch")}
SECONDS = "120"

pytestmark = pytest.mark.long


class Tree:
    """A copy of the checkout that shares the set-up, but loads its own add-on."""

    def __init__(self, folder: Path):
        self.root = folder / "tree"
        self.local = self.root / ".local"
        self.shared = Path(environment()["L"])
        self.template = None
        self._copy_files()
        self._share_set_up()
        outer = {"LONG", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST"}
        env = {name: value for name, value in os.environ.items() if name not in outer}
        # A patch is applied here, not in a repository that this lies in.
        self.env = env | {"L": str(self.local), "GIT_CEILING_DIRECTORIES": str(folder)}

    def _copy_files(self):
        command = ["git", "ls-files", "-z", "--cached", "--others"]
        command += ["--exclude-standard"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        for name in filter(None, done.stdout.decode().split("\0")):
            source, copy = ROOT / name, self.root / name
            # The index also lists what was deleted since.
            if source.is_symlink() or source.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy, follow_symlinks=False)

    def _share_set_up(self):
        """Same PostgreSQL, Odoo and stored files; another add-ons path."""
        data = self.local / "data"
        data.mkdir(parents=True)
        (data / "filestore").symlink_to(self.shared / "data" / "filestore")
        # Fresh links: to this tree's scripts every other template is in use.
        for used in (self.shared / "data").glob(".*.used"):
            (data / used.name).symlink_to(used)
        (self.local / ".database.lock").symlink_to(self.shared / ".database.lock")
        conf = self.local / "odoo.conf"
        self._rewrite("odoo.conf", addons_path=self.root, data_dir=data)
        self._rewrite("env", L=self.local, ODOO_CONF=conf)

    def _rewrite(self, name: str, **values: Path):
        """Copy a file of the set-up with other values: `name=…` or `name = …`."""
        text = (self.shared / name).read_text()
        for key, value in values.items():
            text, count = re.subn(
                rf"(?m)(^|\s)({key} ?= ?)\S+", rf"\g<1>\g<2>{value}", text
            )
            assert count == 1, (name, key)
        (self.local / name).write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self.template:
            run_script(environment(), "drop", self.template)
            self._note_of_use().unlink(missing_ok=True)

    def _note_of_use(self) -> Path:
        """Keeps the template from being dropped by the scripts of the real checkout."""
        return self.shared / "data" / f".{self.template}.used"

    def apply(self, patch: Path):
        command = ["git", "apply", str(patch)]
        subprocess.run(command, cwd=self.root, env=self.env, check=True)

    def _run(self, *command: str) -> subprocess.CompletedProcess:
        # timeout(1) ends all of them together, and the scripts tidy up after themselves.
        return subprocess.run(
            ["timeout", SECONDS, *command],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
        )

    def test(self, selected: str) -> tuple[dict[str, str], str]:
        """Run tests of Odoo by pytest's -k: ({test: what failed, "" if nothing}, output)."""
        made = self._run("scripts/database.sh", "installed")
        assert made.returncode == 0, made.stderr
        self.template = made.stdout.strip()
        self._note_of_use().touch()
        report = self.local / "report.xml"
        done = self._run(
            "scripts/test.sh", "odoo", "-k", selected, f"--junitxml={report}"
        )
        said = done.stdout + done.stderr
        assert report.exists(), said
        cases = ElementTree.parse(report).iter("testcase")
        return {case.get("name"): _what_failed(case) for case in cases}, said


def _what_failed(case: ElementTree.Element) -> str:
    """An error counts as well as a failure; a failure begins with its exception."""
    return "\n".join(
        f"{end.get('message')}\n{end.text}" if end.tag == "failure" else end.tag
        for end in case
    )


@pytest.fixture
def tree(tmp_path):
    with Tree(tmp_path) as tree:
        yield tree


def test_without_a_patch_all_six_pass(tree):
    ends, said = tree.test("TestGoLive")

    assert ends == dict.fromkeys(PATCHES, ""), said
    assert len(ends) == 6


@pytest.mark.parametrize("name", sorted(PATCHES))
def test_fails_without_its_protection(tree, name):
    tree.apply(PATCHES[name])

    ends, said = tree.test(f"TestGoLive and {name}")

    assert list(ends) == [name], said
    assert ends[name].startswith("AssertionError"), said
    assert f"tests/flows/{GO_LIVE}:" in ends[name], said
