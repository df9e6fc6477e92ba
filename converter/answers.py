"""What becomes of the payloads of one call to the codec server, from its body to its answer."""

import json
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from converter.access import Refused
from converter.codec import key_id
from workflows.inbox import REFUSED


@dataclass
class Done:
    """What became of the payloads of one call: the answer, the keys, how many had none or failed, and by what."""

    payloads: list[Any] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    unsealed: int = 0
    unreadable: int = 0
    errors: set[str] = field(default_factory=set)


async def decode(codec: PayloadCodec, payloads: list[Any]) -> Done:
    """Each payload by itself. What is not sealed, or can't be opened, goes back as it came."""
    done = Done()
    for came in payloads:
        payload = _payload(came)
        key = key_id(payload) if payload else None
        if payload is None or key is None:
            done.unsealed += 1
            done.payloads.append(came)
            continue
        done.keys.add(key)
        opened = await _opened(codec, payload, done)
        done.unreadable += opened is None
        done.payloads.append(came if opened is None else MessageToDict(opened))
    return done


async def _opened(codec: PayloadCodec, payload: Payload, done: Done) -> Payload | None:
    try:
        [opened] = await codec.decode([payload])
    except Exception as error:
        done.errors.add(type(error).__name__)
        return None
    return None if opened.metadata.get("encoding") == REFUSED.encode() else opened


async def encode(codec: PayloadCodec, payloads: list[Any]) -> Done:
    """All of them or none: what came back unsealed would be sent on unsealed. Raises Refused (400, 503)."""
    taken = [payload for payload in map(_payload, payloads) if payload is not None]
    if len(taken) != len(payloads):
        raise Refused(400, "not all of the payloads are Temporal payloads in protobuf JSON")
    try:
        sealed = await codec.encode(taken) if taken else []
    except Exception as error:
        raise Refused(503, f"payloads can't be encoded now ({type(error).__name__})") from error
    keys = [key for key in map(key_id, sealed) if key]
    if len(keys) != len(taken):
        raise Refused(503, "payloads can't be encoded now (the codec leaves them open)")
    return Done([MessageToDict(payload) for payload in sealed], set(keys))


def payloads_of(body: bytes, most: int) -> list[Any]:
    """The payloads of a body, as they came. Raises Refused (400, 413)."""
    try:
        asked = json.loads(body)
        json.dumps([[asked]], allow_nan=False)  # what can't be given back, or is nested too deep for it
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is no JSON that can be read") from error
    payloads = asked.get("payloads") if isinstance(asked, dict) else "none"
    if payloads is None:
        return []
    if not isinstance(payloads, list):
        raise Refused(400, 'the body is to be {"payloads": [...]}')
    if len(payloads) > most:
        raise Refused(413, f"more than {most} payloads in one call")
    return payloads


def _payload(came: Any) -> Payload | None:
    """A payload from protobuf JSON; None where it is none."""
    try:
        return ParseDict(came, Payload(), ignore_unknown_fields=True) if isinstance(came, dict) else None
    except (ParseError, ValueError, TypeError, RecursionError):
        return None
