"""A command ends with the code it means, whatever hangs."""

import subprocess
import sys


def test_a_process_that_can_not_end_is_ended_with_code_1() -> None:
    hanging = "import process, threading; process.end_within(0.2); threading.Event().wait()"
    assert subprocess.run([sys.executable, "-c", hanging], check=False, timeout=20).returncode == 1
