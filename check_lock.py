"""Checks what the lock file installs: pinned by hash, not known to be vulnerable. `--strict` insists on an answer.

Known vulnerabilities are asked of the advisory service, by pip-audit. Where none answers that says so, and a list kept
here is what is left: it knows what was public when it was made, and holds a lock to newer versions than those.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.version import Version

LOCK = Path(__file__).with_name("requirements.lock")
LIST_OF = "2024-10-10"
MENDED = {
    "babel": ("2.9.1", "PYSEC-2021-421"),
    "certifi": ("2023.7.22", "PYSEC-2023-135"),
    "cryptography": ("41.0.6", "PYSEC-2023-254"),
    "httpx": ("0.20.0", "PYSEC-2022-183"),
    "idna": ("3.7", "PYSEC-2024-60"),
    "lxml": ("4.9.1", "PYSEC-2022-230"),
    "mako": ("1.2.2", "PYSEC-2022-260"),
    "markdown-it-py": ("2.2.0", "PYSEC-2023-23"),
    "pikepdf": ("2.10.0", "PYSEC-2021-34"),
    "pillow": ("10.0.1", "PYSEC-2023-175"),
    "protobuf": ("3.15.0", "PYSEC-2022-48"),
    "pydantic": ("1.8.2", "PYSEC-2021-47"),
    "pygments": ("2.15.1", "PYSEC-2023-117"),
    "pyjwt": ("2.4.0", "PYSEC-2022-202"),
    "pyyaml": ("5.4", "PYSEC-2021-142"),
    "requests": ("2.31.0", "PYSEC-2023-74"),
    "sqlalchemy": ("1.2.18", "PYSEC-2019-123"),
    "starlette": ("0.27.0", "PYSEC-2023-83"),
    "urllib3": ("2.0.7", "PYSEC-2023-212"),
    "uvicorn": ("0.11.7", "PYSEC-2020-150"),
}
"""The version that mended the last vulnerability known of a package, and its id in the Python Packaging Advisory
Database (CC BY 4.0) as it was on the day LIST_OF."""

_PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z,-]+\])?==(?P<version>[^\s;\\]+)")
_SECONDS = 90


def requirements(lock: str) -> Iterator[str]:
    """The requirements of a lock file, each with its hashes, on one line."""
    joined = lock.replace("\\\n", " ")
    yield from (line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#"))


def faults(lock: str) -> list[str]:
    """What is wrong with a lock file, by package."""
    return [f"{one.split()[0]}: {why}" for one in requirements(lock) if (why := _fault(one))]


def _fault(requirement: str) -> str | None:
    pinned = _PINNED.match(requirement)
    if not pinned or "://" in requirement:
        return "must be NAME==VERSION, and no address"
    if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", requirement):
        return "has no sha256 hash"
    mended, advisory = MENDED.get(pinned["name"].lower().replace("_", "-"), ("0", ""))
    return f"{advisory} is mended in {mended}" if Version(pinned["version"]) < Version(mended) else None


def vulnerable(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Of how many packages pip-audit learned anything, and what is known of those that are vulnerable.

    It takes a package nobody told it of for a sound one, and ends with 0 where no service answered at all.
    """
    told = [one for one in report["dependencies"] if "skip_reason" not in one]
    return len(told), [f"{one['name']}: {flaw['id']}" for one in told for flaw in one["vulns"]]


def _report() -> Mapping[str, Any]:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip"]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "5"]
    try:
        ran = subprocess.run(  # noqa: S603 - our own command line
            [*command, *options], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        report: Mapping[str, Any] = json.loads(ran.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {"dependencies": []}
    return report


def main(*, strict: bool) -> int:
    """Say what was checked and what is wrong: 1 if anything is, or if nobody answered and that is insisted on."""
    lock = LOCK.read_text()
    count, wrong = len(list(requirements(lock))), faults(lock)
    told, known = vulnerable(_report())
    print(f"{count} packages: pinned with hashes, and newer than what was known to be vulnerable on {LIST_OF}")
    if told:
        print(f"advisory service: {told} of {count} looked up, {len(known)} known to be vulnerable")
    else:
        print("advisory service: no answer; what became known since is NOT checked (make audit insists on it)")
    for one in (*wrong, *known):
        print(f"error: {one}", file=sys.stderr)
    return int(bool(wrong or known or (strict and told < count)))


if __name__ == "__main__":
    raise SystemExit(main(strict="--strict" in sys.argv))
