"""Asking a workflow, when nobody may be there to answer: the client alone would ask again for ever."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

Answer = TypeVar("Answer")

ANSWER_WITHIN = timedelta(seconds=30)


class NoAnswer(RuntimeError):
    """The server or a worker does not answer; what was not sent can be sent again."""


async def answered(asking: Awaitable[Answer]) -> Answer:
    """The answer, if it comes within 30 seconds. Raises NoAnswer, and what the asking itself raises."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            return await asking
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise NoAnswer("no answer: is a worker running?") from error
