"""The next migration of the product breaks no test: those about migrations run again in a copy that has one more."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABOUT_MIGRATIONS = (
    "tests/server/test_site.py::test_another_version_of_the_database_is_refused",
    "tests/server/test_migration_versions.py",
    "tests/unit/test_migrate_command.py",
)


def test_one_more_migration(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*", "var"))
    schema = tmp_path / "schemas/onboarding/10_identity.oschema"
    text, times = re.subn(
        r"\n    display_name\?: str .*", r"\g<0>\n    nickname?: str @index @len(1, 40)", schema.read_text()
    )
    assert times == 1
    schema.write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command in (
        ["codegen", "fmt"],
        ["codegen", "migrate", "plan", "--slug", "nickname"],
        ["codegen", "generate"],
        ["pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *ABOUT_MIGRATIONS],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
