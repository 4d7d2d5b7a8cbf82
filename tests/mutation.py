# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bugs put into a copy of the tree, one patch each, to show that a test finds them."""

import contextlib
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def _apply(tree, patch, *how):
    return subprocess.run(["git", "apply", *how, patch], cwd=tree, capture_output=True, text=True)


def check(patches):
    """Whether each patch still applies to this tree; says which does not."""
    bad = 0
    for patch in patches:
        done = _apply(ROOT, patch, "--check")
        if done.returncode != 0:
            print(f"{patch.name} does not apply any more: {done.stderr.strip()}")
            bad += 1
    print(f"{len(patches)} patches, {bad} do not apply")
    return bad == 0


class Copy:
    """The tracked files in `folder`, configured with `options` of meson; what has not changed is not copied again."""

    def __init__(self, folder, *options):
        self.folder = folder
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in filter(None, names.split("\0")):
            source, target = ROOT / name, folder / name
            if not source.exists() or (target.exists() and target.read_bytes() == source.read_bytes()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        subprocess.run(["tools/configure", "dev", "build", "-Dwerror=false", *options], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    def build(self, target):
        done = subprocess.run(["ninja", "-C", "build", target], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout[-3000:])

    @contextlib.contextmanager
    def with_bug(self, patch):
        """The copy has the bug within the block."""
        if (done := _apply(self.folder, patch)).returncode != 0:
            sys.exit(f"{patch.name}: {done.stderr}")
        try:
            yield
        finally:
            _apply(self.folder, patch, "--reverse")
