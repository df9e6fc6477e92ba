"""Calls that are made again while server and workers come and go."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

Answer = TypeVar("Answer")

PATIENCE = 600.0
"""Seconds after which something is lost that was to come back."""
ATTEMPT = timedelta(seconds=15)
_FINAL = (
    RPCStatusCode.NOT_FOUND,
    RPCStatusCode.ALREADY_EXISTS,
    RPCStatusCode.INVALID_ARGUMENT,
)


_FULL = "exceeded workflow execution limit for signal events"
"""What the server says when a run has all the signals it takes: it takes more when the case has continued as new."""


async def steadily(
    call: Callable[[], Awaitable[Answer]], patience: float = PATIENCE, attempt: timedelta = ATTEMPT
) -> Answer:
    """Make a call until it is answered; an answer that is final, though it is a refusal, is raised."""
    until = time.monotonic() + patience
    while True:
        try:
            return await asyncio.wait_for(call(), attempt.total_seconds())
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            pass
        except RPCError as error:
            if error.status in _FINAL and _FULL not in str(error):
                raise
        except RuntimeError as error:  # the client's connection is gone
            if "overridden" not in str(error) and "connect" not in str(error).lower():
                raise
        if time.monotonic() > until:
            raise TimeoutError(f"no answer in {patience:.0f} s")
        await asyncio.sleep(0.2)
