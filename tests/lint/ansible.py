#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Ansible collection by ansible-lint, and by those of ansible-test's rules that need nothing but Debian's packages.

ansible-test itself makes a virtual environment from the Python index for pep8, validate-modules, import and ansible-doc: their rules
are run here without one. Its pylint is pinned to a version that Debian has not.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "packaging/ansible"
VALIDATE = Path("/usr/lib/python3/dist-packages/ansible_test/_util/controller/sanity/validate-modules")


def run(where, *argv, **more):
    """Whether a check passes; what it says otherwise."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(where), "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": str(where), **more}
    done = subprocess.run(argv, cwd=where / "ansible_collections/macsecd/macsec", env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    said = "".join(line for line in done.stdout.splitlines(True) if "missing-gplv3-license" not in line)
    # validate-modules wants one licence, which tests/sanity/ignore-*.txt says is not ours.
    good = done.returncode == 0 or ("validate.py" in str(argv[1]) and not said)
    print(f"{'ok' if good else 'not ok'} {argv[1] if argv[0].endswith('python3') else argv[0]}", "" if good else said)
    return good


def main():
    if not shutil.which("ansible-lint", path="/usr/bin"):
        print("no ansible-lint")
        return 77
    where = Path(tempfile.mkdtemp())
    try:
        (where / "ansible_collections/macsecd").mkdir(parents=True)
        shutil.copytree(COLLECTION, where / "ansible_collections/macsecd/macsec")
        modules = [f"plugins/modules/{path.name}" for path in sorted(COLLECTION.glob("plugins/modules/*.py"))]
        good = [run(where, "ansible-lint", "--offline", "-q", "--nocolor", "--profile=production", "."),
                run(where, "pycodestyle", "--max-line-length=160", "--ignore=E402,E741,W503", "."),
                run(where, "ansible-doc", "-t", "module", *[f"macsecd.macsec.{Path(path).stem}" for path in modules])]
        if VALIDATE.is_dir():
            good.append(run(where, "/usr/bin/python3", str(VALIDATE / "validate.py"), "--format", "plain", "--collection",
                            "ansible_collections/macsecd/macsec", "--collection-version", "0.2.0", *modules, PYTHONPATH=str(VALIDATE)))
        return 0 if all(good) else 1
    finally:
        shutil.rmtree(where)


if __name__ == "__main__":
    sys.exit(main())
