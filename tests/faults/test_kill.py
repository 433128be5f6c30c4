"""Killed with no chance to tidy up, at every stage boundary; run again, the month has the same bytes.

Here: `kill -9` of the command as a whole, its children included. Not here: bad input (tests/e2e/test_bad_input.py).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from pipelines.progress import STAGES
from tests.e2e.conftest import MONTH, generate_into, kept_files

PROGRAM = Path(sys.executable).with_name("ssj")


def run_until(home: Path, stage: str | None) -> tuple[int, str]:
    """`ssj run`, killed with its whole process group as soon as it says that a stage is done; exit code and output."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "SSJ_HOME": str(home)}
    command = [str(PROGRAM), "run", "--month", MONTH]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if stage is not None and line.strip().startswith(f"{stage}："):
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    return process.wait(), "".join(said)


def test_a_month_killed_at_every_stage_boundary_has_the_same_bytes(tmp_path: Path) -> None:
    generate_into(tmp_path / "inbox", enterprises=150, seed=11, defects=0.02)
    calm, hurt = tmp_path / "calm", tmp_path / "hurt"
    for home in (calm, hurt):
        shutil.copytree(tmp_path / "inbox", home / "inbox")
    code, said = run_until(calm, None)
    assert code == 0, said
    for stage in STAGES.values():
        code, said = run_until(hurt, stage)
        assert code == -signal.SIGKILL, (stage, said)
    code, said = run_until(hurt, None)
    assert code == 0, said
    assert kept_files(hurt) == kept_files(calm)
    left = [p for p in hurt.rglob("*") if p.name.endswith(".tmp")]
    assert left == [], "a killed run left a temporary file that the next one did not clear"
