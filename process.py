"""How every process of this project starts, and how it ends: flushed, and with the exit code it means."""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any, NoReturn

import structlog
from pydantic import ValidationError

import logs
from logs import Plain
from settings import Settings, settings

log = structlog.get_logger("process")


def started() -> Settings:
    """Set the log up and read the settings; a wrong one is logged by its name, and ends the process with code 2."""
    logs.configure()
    try:
        return settings()
    except ValidationError as error:
        for fault in error.errors():
            name = f"REENGAGEMENT_{'.'.join(map(str, fault['loc'])).upper()}"
            log.error("wrong setting", name=Plain(name), why=Plain(fault["msg"]))
        raise SystemExit(2) from error


def end_within(seconds: float) -> None:
    """End the process with code 1 if it is still there then: a case that the SDK can't let go of would keep it."""
    last_resort = threading.Timer(seconds, os._exit, [1])
    last_resort.daemon = True
    last_resort.start()


def run_and_exit(main: Coroutine[Any, Any, int]) -> NoReturn:
    """Run to the end and exit with the code it returns; 130 when interrupted, 1 on an error (shown).

    The SDK's native threads can crash a process that takes its time to exit (code 134 or 139), so it does not.
    """
    try:
        code = asyncio.run(main)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
