"""Log lines that can't hold what a payload holds: a text is written only where it stands in the code. ALL-6.

What reaches a handler is taken apart, and a line is built anew of what is known to be harmless: texts that are
constants of the code that logs them, numbers and dates, ids under the names of ids, and of an error its type and the
places it passed, never its message, which repeats what was given (as those of pydantic and SQLAlchemy do).
It holds for our lines, for every library's, and for those of the SDK's core, which is not written in Python.
"""

import logging
import mmap
import re
import sys
import threading
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger
from temporalio.bridge import temporal_sdk_bridge
from temporalio.runtime import LogForwardingConfig, LoggingConfig, TelemetryFilter

log = structlog.get_logger("logs")


class Plain(str):
    """A text we vouch for: nothing of any case can have come into it."""

    __slots__ = ()


IDS = (
    *("workflow_id", "workflow_type", "workflow_run_id", "run_id", "activity_id", "activity_type"),
    *("namespace", "task_queue", "build_id", "cases", "keys", "subject", "role", "call", "result", "errors", "error"),
    *("address", "metrics", "origin", "pages", "ui"),
)
"""Names of details that may be a text, or several, where it looks like an id or an address: nothing is named by them
that the server or the surroundings don't show to everybody anyway."""
OURS = (
    *("at", "attempt", "because", "category", "grace_seconds", "letters", "name", "payloads", "status", "tokens"),
    *("unreadable", "unsealed", "why"),
)
"""Names of details that our own lines may have besides; a text among them must be `Plain`."""

NOT_OF_THE_CODE = "(not a text of the code: not written)"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@|+=-]{0,119}")
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CALLS_OF_CORE = re.compile(r"gRPC call [a-z_]{1,60} retried \d{1,9} times")
_BEGINNING = 8
_SENTENCE = 20
"""Characters that make a text of the core one: shorter ones are found in it by chance."""
_FRAMES, _ERRORS = 25, 10


def only_what_is_safe(_logger: WrappedLogger, _method: str, said: EventDict) -> EventDict:
    """The line that may be written, built anew; nothing of what came is handed on but what is safe."""
    record: logging.LogRecord = said["_record"]
    line: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        "level": record.levelname.lower(),
    }
    if said["_from_structlog"]:
        line |= _our_line(record, said)
    else:
        line["logger"] = record.name if _ID.fullmatch(record.name) else NOT_OF_THE_CODE
        core = getattr(record, "temporal_log", None)
        line |= _line_of_core(core) if core else _line_of_others(record, said.get("positional_args"))
    error = _error(said.get("exc_info"))
    if error:
        line["error"] = _told(error)
    return line


def _our_line(record: logging.LogRecord, said: EventDict) -> dict[str, Any]:
    given = {name: value for name, value in said.items() if not name.startswith("_") and name not in _NO_DETAILS}
    known = {name: _shown(name, value) for name, value in given.items() if name in IDS + OURS}
    left_out = len(given) - len(known)
    return {"event": _text(record, said.get("event"))} | known | ({"left_out": left_out} if left_out else {})


_NO_DETAILS = ("event", "exc_info", "stack_info")


def _line_of_others(record: logging.LogRecord, arguments: Any) -> dict[str, Any]:
    """A library's line: its template, filled only with what is safe; and the SDK's ids of workflow or activity."""
    ids: dict[str, Any] = {}
    for holder in ("temporal_workflow", "temporal_activity"):
        found = getattr(record, holder, None)
        ids |= _details(found) if isinstance(found, Mapping) else {}
    return {"event": _filled(_text(record, record.msg), arguments), "at": f"{record.module}:{record.lineno}"} | ids


def _line_of_core(said: Any) -> dict[str, Any]:
    """A line of the SDK's core. Its fields hold whole failures and tasks, and some of its messages do."""
    text = said.message if _CALLS_OF_CORE.fullmatch(said.message) or _stands_in_core(said.message) else NOT_OF_THE_CODE
    return {"event": text, "at": said.target} | _details(said.fields)


def _details(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shown(name, given[name]) for name in given if name in IDS or name == "attempt"}


def _shown(name: str, value: Any) -> Any:
    """A detail as it may be written; of what may not, its type."""
    match value:
        case Enum():
            return value.name.lower()
        case None | bool() | int() | float() | Plain():
            return value
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case str() if name in IDS and _ID.fullmatch(value):
            return value
        case list() | tuple():
            return [_shown(name, one) for one in value]
        case _:
            return f"({type(value).__name__})"


def _text(record: logging.LogRecord, said: Any) -> str:
    """A message where it is a constant of the function that logs it; of one put together there, its beginning."""
    if isinstance(said, Plain):
        return said
    frame: FrameType | None = sys._getframe()
    while frame and (frame.f_code.co_filename, frame.f_lineno) != (record.pathname, record.lineno):
        frame = frame.f_back
    if not frame or not isinstance(said, str):
        return NOT_OF_THE_CODE
    constants = [one for one in frame.f_code.co_consts if isinstance(one, str)]
    if said in constants:
        return said
    beginnings = [one for one in constants if len(one) >= _BEGINNING and said.startswith(one)]
    return f"{max(beginnings, key=len).rstrip()} ..." if beginnings else NOT_OF_THE_CODE


def _filled(template: str, arguments: Any) -> str:
    safe: Any = tuple(map(_argument, arguments)) if isinstance(arguments, tuple) else ()
    if isinstance(arguments, Mapping):
        safe = {name: _argument(value) for name, value in arguments.items()}
    try:
        return str(template % safe)
    except (TypeError, ValueError, KeyError):
        return template


def _argument(value: Any) -> Any:
    return value if isinstance(value, str) and _RUN.fullmatch(value) else _shown("", value)


@lru_cache(maxsize=256)
def _stands_in_core(text: str) -> bool:
    """Whether a message is a constant of the compiled core: then it stands in its file."""
    return len(text) >= _SENTENCE and _core().find(text.encode()) >= 0


@cache
def _core() -> mmap.mmap:
    with Path(temporal_sdk_bridge.__file__).open("rb") as library:
        return mmap.mmap(library.fileno(), 0, access=mmap.ACCESS_READ)


def _error(said: Any) -> BaseException | None:
    if isinstance(said, BaseException):
        return said
    if isinstance(said, tuple):
        return said[1] if isinstance(said[1], BaseException) else None
    return sys.exc_info()[1] if said else None


def _told(error: BaseException) -> list[dict[str, Any]]:
    """An error and what it came of: of each its type and the places it passed, the last ones first to last."""
    told: list[dict[str, Any]] = []
    left, seen = [error], set()
    while left and len(told) < _ERRORS:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        places = [
            f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_qualname}"
            for frame, line in walk_tb(one.__traceback__)
        ]
        told.append({"type": f"{type(one).__module__}.{type(one).__qualname__}", "at": places[-_FRAMES:]})
        left += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        left += [cause] if cause else []
    return told


class Handler(logging.StreamHandler[TextIO]):
    """Writes safe lines: JSON, or on a terminal in colours. One that can't be made is told by its place alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        on_terminal = self.stream.isatty()
        renderer = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
        self.setFormatter(
            ProcessorFormatter(processors=[only_what_is_safe, renderer], use_get_message=False, pass_foreign_args=True)
        )

    def handleError(self, record: logging.LogRecord) -> None:
        """Python's own would print the message with its arguments."""
        with suppress(Exception):
            self.stream.write(f'{{"event": "a line could not be written", "at": "{record.module}:{record.lineno}"}}\n')


def configure() -> None:
    """From now on all lines are safe ones, on standard error, and so is what Python itself would print there:
    errors that end the program or a thread, those nobody can be told, and warnings."""
    logging.basicConfig(handlers=[Handler()], level=logging.INFO, force=True)
    structlog.configure(
        processors=[ProcessorFormatter.wrap_for_formatter], logger_factory=structlog.stdlib.LoggerFactory()
    )
    sys.excepthook = lambda kind, error, trace: log.error("ended by an error", exc_info=error)
    threading.excepthook = lambda told: log.error("a thread was ended by an error", exc_info=told.exc_value)
    sys.unraisablehook = lambda told: log.error("an error that nobody could be told of", exc_info=told.exc_value)
    warnings.showwarning = _warned


def _warned(message: Any, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any) -> None:
    log.warning("a warning", category=Plain(category.__name__), at=Plain(f"{Path(filename).stem}:{lineno}"))


def telemetry() -> LoggingConfig:
    """How the SDK's core logs: through Python, so that its lines are safe ones too; by itself it prints failures whole.

    For the one `Runtime` of a process, to be set before its first client connects.
    """
    return LoggingConfig(
        TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(
            logging.getLogger("temporalio.core"),
            append_target_to_name=False,
            prepend_target_on_message=False,
            append_log_fields_to_message=False,
        ),
    )
