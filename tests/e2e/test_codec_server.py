"""The codec server as people run it: who gets what, call by call, and what it writes down about it."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec, WorkflowSerializationContext

from chaos.stage import free_ports
from connect import keys
from converter.access import access_by
from converter.codec import CaseCodec, key_id
from converter.codec_server import serving
from devserver import temporal_command
from settings import Settings
from tests.tokens import AUDIENCE, HOUR, ISSUER, NAMESPACE, Issuer
from tests.workflow.living import NAME, World, fact

UI = "https://temporal.example"
SECRET = "shelter at 12 Sample Street"  # noqa: S105 - a secret to keep, no password
CASE = "mo-mwa-0123456789abcdef"
READ, WRITE, ADMIN = (f"{NAMESPACE}:{role}" for role in ("read", "write", "admin"))


class CodecServer:
    """A home, a port and an issuer of tokens; runs `codec_server.py` on them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        [self.port] = free_ports(1)
        self.issuer = Issuer()
        self.issuer.publish(home / "jwks.json")
        self.log = home / "codec.log"
        self.url = f"http://127.0.0.1:{self.port}"

    def checked(self) -> dict[str, str]:
        """The settings for tokens."""
        jwks = str(self.home / "jwks.json")
        return {"jwks": jwks, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "ui_origins": UI}

    def environment(self, *, tokens: bool = True, **more: str) -> dict[str, str]:
        ours = ("REENGAGEMENT_", "TEMPORAL_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        checked = {f"REENGAGEMENT_{name.upper()}": value for name, value in self.checked().items()}
        own = {
            "REENGAGEMENT_HOME": str(self.home),
            "REENGAGEMENT_CODEC_PORT": str(self.port),
            "REENGAGEMENT_CODEC_PAYLOADS_A_MINUTE": "1000000",
        }
        return inherited | own | (checked if tokens else {}) | more

    @contextmanager
    def process(self, *options: str, tokens: bool = True, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "codec_server.py", *options],
                env=self.environment(tokens=tokens, **more),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)

    @contextmanager
    def running(self, *options: str, tokens: bool = True, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        with self.process(*options, tokens=tokens, **more) as process:
            until = time.monotonic() + 60
            while '"event": "serving"' not in self.said():
                assert process.poll() is None and time.monotonic() < until, self.said()
                time.sleep(0.1)
            yield process

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def written(self) -> int:
        return self.log.stat().st_size

    def lines(self, since: int = 0) -> list[dict[str, Any]]:
        """The lines of the log from a length on."""
        with self.log.open() as log:
            log.seek(since)
            return [json.loads(line) for line in log]

    def settings(self, **more: object) -> Settings:
        return Settings(home=self.home, codec_port=self.port, **more)  # type: ignore[arg-type]

    def sealed(self, *values: str, case: str = CASE) -> list[Payload]:
        """Payloads as a worker stores them for a case."""
        context = WorkflowSerializationContext(namespace=NAMESPACE, workflow_id=case)
        codec = CaseCodec(keys(Settings(home=self.home))).with_context(context)
        return asyncio.run(codec.encode([plain(value) for value in values]))


def plain(value: str) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())


def body(*payloads: Payload) -> dict[str, Any]:
    return {"payloads": [MessageToDict(payload) for payload in payloads]}


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-Namespace": NAMESPACE, **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodecServer]:
    server = CodecServer(tmp_path_factory.mktemp("codec"))
    with server.running():
        yield server


@pytest.fixture(scope="module")
def caller(server: CodecServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as caller:
        yield caller


@pytest.fixture(scope="module")
def sealed(server: CodecServer) -> Payload:
    return server.sealed(SECRET)[0]


# Who may do what

HERE = {"X-Namespace": NAMESPACE}
NOBODY, NEVER, OK = 401, 403, 200


def token(*permissions: str, key: str = "rsa", **claims: object) -> Callable[[Issuer], dict[str, str]]:
    return lambda issuer: bearer(issuer.token(*permissions, key=key, **claims))


def in_an_hour(hours: int = 1) -> int:
    return int(time.time()) + hours * HOUR


WHO: dict[str, tuple[Callable[[Issuer], dict[str, str]], int, int, str]] = {
    # nobody
    "no token": (lambda _: HERE, NOBODY, NOBODY, "a token is needed"),
    "a password": (lambda _: {**HERE, "Authorization": "Basic YTpi"}, NOBODY, NOBODY, "a token is needed"),
    "an empty token": (lambda _: {**HERE, "Authorization": "Bearer"}, NOBODY, NOBODY, "a token is needed"),
    "no JWT": (lambda _: bearer("letmein"), NOBODY, NOBODY, "can't be read"),
    "half a JWT": (lambda its: bearer(its.token(WRITE).rpartition(".")[0]), NOBODY, NOBODY, "can't be read"),
    "an id token": (lambda its: {**HERE, "Authorization-Extras": its.token(WRITE)}, NOBODY, NOBODY, "token is needed"),
    # a token that is not good now, or not here
    "expired": (token(WRITE, exp=in_an_hour(-1)), NOBODY, NOBODY, "has expired"),
    "without an end": (token(WRITE, exp=None), NOBODY, NOBODY, "lacks one of exp"),
    "an end that is no time": (token(WRITE, exp="never"), NOBODY, NOBODY, "can't be read"),
    "not yet valid": (token(WRITE, nbf=in_an_hour()), NOBODY, NOBODY, "not valid yet"),
    "issued tomorrow": (token(WRITE, iat=in_an_hour(24)), NOBODY, NOBODY, "not valid yet"),
    "wrong issuer": (token(WRITE, iss="https://login.example.net"), NOBODY, NOBODY, "another issuer"),
    "no issuer": (token(WRITE, iss=None), NOBODY, NOBODY, "lacks one of exp, iss"),
    "wrong audience": (token(WRITE, aud="temporal-ui"), NOBODY, NOBODY, "another audience"),
    "no audience": (token(WRITE, aud=None), NOBODY, NOBODY, "lacks one of exp, iss, aud"),
    "no subject": (token(WRITE, sub=None), NOBODY, NOBODY, "lacks one of exp, iss, aud, sub"),
    # a token that somebody made
    "not signed": (lambda its: bearer(its.unsigned()), NOBODY, NOBODY, "in a way that is not taken"),
    "by the public key": (lambda its: bearer(its.by_the_public_key()), NOBODY, NOBODY, "in a way that is not taken"),
    "so, as the EC key": (lambda its: bearer(its.by_the_public_key("ec")), NOBODY, NOBODY, "in a way that is not"),
    "by the JWK": (lambda its: bearer(its.by_the_published_key()), NOBODY, NOBODY, "in a way that is not taken"),
    "said to be signed": (lambda its: bearer(its.said_to_be_signed()), NOBODY, NOBODY, "signature is not right"),
    "by a stranger": (lambda its: bearer(its.by_a_stranger()), NOBODY, NOBODY, "signature is not right"),
    "by another padding": (lambda its: bearer(its.by_another_padding()), NOBODY, NOBODY, "in a way that is not taken"),
    "by an unknown key": (lambda its: bearer(its.by_key("another")), NOBODY, NOBODY, "a key that is not known"),
    "by no key named": (lambda its: bearer(its.by_key(None)), NOBODY, NOBODY, "a key that is not known"),
    # a good token, without a role here
    "no permissions": (token(), NEVER, NEVER, "no role in this namespace"),
    "other namespace": (token("other:admin"), NEVER, NEVER, "no role in this namespace"),
    "worker": (token(f"{NAMESPACE}:worker"), NEVER, NEVER, "no role in this namespace"),
    "of the whole server": (token("temporal-system:admin"), NEVER, NEVER, "no role in this namespace"),
    "permissions in words": (token(permissions=WRITE), NEVER, NEVER, "no role in this namespace"),
    "asks for another": (
        lambda its: bearer(its.token(WRITE, "other:admin")) | {"X-Namespace": "other"},
        *(NEVER, NEVER, "not served here"),
    ),
    "asks for none": (
        lambda its: {"Authorization": f"Bearer {its.token(ADMIN)}"},
        *(NEVER, NEVER, "X-Namespace is missing"),
    ),
    # roles
    "read": (token(READ), OK, NEVER, "the role read may not encode"),
    "read, write elsewhere": (token(READ, "other:write"), OK, NEVER, "the role read may not encode"),
    "write": (token(WRITE), OK, OK, ""),
    "admin": (token(ADMIN), OK, OK, ""),
    "write, by an EC key": (token(WRITE, key="ec"), OK, OK, ""),
    "write, for several": (token(WRITE, aud=["temporal", AUDIENCE]), OK, OK, ""),
    "write, from the UI": (
        lambda its: bearer(its.token(WRITE), **{"Authorization-Extras": its.token(), "Origin": UI}),
        *(OK, OK, ""),
    ),
}


@pytest.mark.parametrize("call", ["decode", "encode"])
@pytest.mark.parametrize("who", WHO)
def test_each_role_may_do_what_it_is_for_and_nobody_else_anything(
    server: CodecServer, caller: httpx.Client, sealed: Payload, who: str, call: str
) -> None:
    headers_of, decodes, encodes, why = WHO[who]
    headers, wanted = headers_of(server.issuer), decodes if call == "decode" else encodes
    before = server.written()
    sent = body(sealed) if call == "decode" else body(plain(SECRET))

    answer = caller.post(f"/{call}", headers=headers, json=sent)

    assert (answer.status_code, answer.headers["content-type"]) == (wanted, "application/json")
    [line] = server.lines(before)
    if wanted == OK:
        assert set(answer.json()) == {"payloads"}
        assert (line["event"], line["subject"], line["result"]) == (f"{call}d", "ada@agency.example", "done")
    else:
        assert set(answer.json()) == {"error"}
        assert why in answer.json()["error"]
        assert (line["event"], line["call"], line["status"]) == ("refused", call, wanted)
        assert why in line["why"]
        assert ("www-authenticate" in answer.headers) == (wanted == NOBODY)
    for part in headers.get("Authorization", "").removeprefix("Bearer").strip().split("."):
        assert not part or part not in answer.text + json.dumps(line), "no part of a token is told on"
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
def test_probes_need_no_token(caller: httpx.Client, headers: dict[str, str]) -> None:
    answer = caller.get("/health", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", "/decode", 405), ("PUT", "/encode", 405), ("OPTIONS", "/decode", 405), ("POST", "/health", 405)),
        *(("GET", "/", 404), ("POST", "/decode/..", 404), ("POST", "/Decode", 404), ("POST", "/other/decode", 404)),
    ],
)
def test_there_are_no_other_calls(
    server: CodecServer, caller: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = caller.request(method, path, headers=bearer(server.issuer.token(ADMIN)))
    assert answer.status_code == status
    assert "POST /decode" in answer.json()["error"]


# What is answered


def decoded(caller: httpx.Client, server: CodecServer, sent: Any, **headers: str) -> httpx.Response:
    return caller.post(
        "/decode?preserveStorageRefs=true", headers=bearer(server.issuer.token(READ), **headers), json=sent
    )


def changed(payload: Payload, **metadata: bytes) -> Payload:
    other = Payload.FromString(payload.SerializeToString())
    for name, value in metadata.items():
        other.metadata[name.replace("_", "-")] = value
    return other


def test_a_sealed_payload_is_opened_by_the_key_it_names(
    server: CodecServer, caller: httpx.Client, sealed: Payload
) -> None:
    assert decoded(caller, server, body(sealed)).json() == body(plain(SECRET))


def test_what_is_encoded_is_sealed_and_opens_again(server: CodecServer, caller: httpx.Client) -> None:
    sent = body(plain(SECRET), plain("two"))
    answer = caller.post("/encode", headers=bearer(server.issuer.token(WRITE)), json=sent)
    came = [ParseDict(payload, Payload()) for payload in answer.json()["payloads"]]
    assert all(payload.metadata["encoding"] == b"binary/encrypted" and key_id(payload) for payload in came)
    assert all(SECRET.encode() not in payload.SerializeToString() for payload in came)
    assert decoded(caller, server, answer.json()).json() == sent


def unreadable(sealed: Payload) -> dict[str, Any]:
    damaged = changed(sealed)
    damaged.data = damaged.data[:-1] + bytes([damaged.data[-1] ^ 1])
    short = changed(sealed)
    short.data = b"short"
    return {
        "plain text": MessageToDict(plain(SECRET)),
        "nothing": {},
        "another codec's": MessageToDict(changed(sealed, encoding=b"binary/zlib")),
        "damaged": MessageToDict(damaged),
        "cut off": MessageToDict(short),
        "without its content": MessageToDict(Payload(metadata=dict(sealed.metadata))),
        "of an unknown key": MessageToDict(changed(sealed, encryption_key_id=b"0" * 16)),
        "of a key that is no text": MessageToDict(changed(sealed, encryption_key_id=b"\xff\x00'; --")),
        "with another cipher": MessageToDict(changed(sealed, encryption_cipher=b"none")),
        "with more metadata": MessageToDict(changed(sealed, more=b"1")),
        "not base64": {"metadata": {"encoding": "binary/encrypted"}, "data": "***"},
        "metadata of another kind": {"metadata": ["YQ=="], "data": "YQ=="},
        "null": None,
        "a number": 12345678901234567890,
        "a word": "binary/encrypted",
        "half a character": {"metadata": {"\ud800": "YQ=="}, "data": "\udfff"},
        "fields of tomorrow": {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ==", "later": {"than": 1.5}},
    }


@pytest.mark.parametrize("what", list(unreadable(Payload(metadata={"encoding": b""}, data=b"-" * 40))))
def test_what_cannot_be_opened_goes_back_as_it_came_beside_what_can(
    server: CodecServer, caller: httpx.Client, sealed: Payload, what: str
) -> None:
    came = unreadable(sealed)[what]
    sent = json.dumps({"payloads": [MessageToDict(sealed), came, MessageToDict(sealed)]})
    answer = caller.post("/decode", headers=bearer(server.issuer.token(READ)), content=sent)
    opened = MessageToDict(plain(SECRET))
    assert answer.status_code == 200
    assert answer.json()["payloads"] == [opened, came, opened]


def test_a_sealed_payload_with_fields_of_tomorrow_is_opened(
    server: CodecServer, caller: httpx.Client, sealed: Payload
) -> None:
    sent = {"payloads": [MessageToDict(sealed) | {"later": [1]}], "also": "new"}
    assert decoded(caller, server, sent).json() == body(plain(SECRET))


@pytest.mark.parametrize("sent", [{}, {"payloads": []}, {"payloads": None}])
@pytest.mark.parametrize("call", ["decode", "encode"])
def test_no_payloads_are_answered_with_none(
    server: CodecServer, caller: httpx.Client, call: str, sent: dict[str, Any]
) -> None:
    answer = caller.post(f"/{call}", headers=bearer(server.issuer.token(WRITE)), json=sent)
    assert (answer.status_code, answer.json()) == (200, {"payloads": []})


@pytest.mark.parametrize("came", [None, 7, [], {"metadata": 7}, {"data": 7}])
def test_what_is_no_payload_is_not_encoded_and_nothing_beside_it(
    server: CodecServer, caller: httpx.Client, came: Any
) -> None:
    sent = {"payloads": [MessageToDict(plain(SECRET)), came]}
    answer = caller.post("/encode", headers=bearer(server.issuer.token(WRITE)), json=sent)
    assert answer.status_code == 400
    assert "Temporal payloads" in answer.json()["error"]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\xff\xfe", b"null", b"[]", b'"payloads"', b'{"payloads": 1}', b'{"payloads": {"metadata": 1}}'),
        *(b'{"payloads": [NaN]}', b'{"payloads": [1e999]}', b'{"payloads": [' + b"9" * 5000 + b"]}"),
        *(b"[" * 100_000, b'{"payloads":' + b"[" * 900 + b"]" * 900 + b"}", b'{"a":' * 100_000),
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
@pytest.mark.parametrize("call", ["decode", "encode"])
def test_a_body_that_is_not_the_protocols_is_refused(
    server: CodecServer, caller: httpx.Client, call: str, content: bytes
) -> None:
    answer = caller.post(f"/{call}", headers=bearer(server.issuer.token(WRITE)), content=content)
    assert answer.status_code == 400 or (answer.status_code == 200 and b"[" * 900 in content)
    assert "error" in answer.json() or answer.status_code == 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
in_base64 = st.binary(max_size=40).map(lambda content: b64encode(content).decode()) | st.text(max_size=20)
names = st.sampled_from(["encoding", "encryption-key-id", "encryption-cipher"]) | st.text(max_size=8)
encodings = st.sampled_from([b64encode(name).decode() for name in (b"binary/encrypted", b"json/plain", b"AES-256-GCM")])
nearly = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.dictionaries(names, encodings | in_base64, max_size=4) | json_values,
        "data": in_base64 | json_values,
        "externalPayloads": json_values,
    },
)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.lists(nearly | json_values, max_size=6).map(lambda payloads: json.dumps({"payloads": payloads}).encode())
)


@pytest.mark.slow
@bounds(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=bodies, call=st.sampled_from(["decode", "encode"]))
def test_no_body_brings_it_out_of_step(server: CodecServer, caller: httpx.Client, content: bytes, call: str) -> None:
    answer = caller.post(f"/{call}", headers=bearer(server.issuer.token(WRITE)), content=content)
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        asked = json.loads(content).get("payloads") or []
        came = answer.json()["payloads"]
        assert len(came) == len(asked)
        if call == "decode":
            assert came == asked, "nothing of it could be opened"
        else:
            assert all(key_id(ParseDict(payload, Payload())) for payload in came), "nothing goes on in plain text"


# Pages of other sites


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,authorization-extras,content-type,x-namespace",
}
STRANGERS = [
    *("https://evil.example", "https://temporal.example.evil.example", "https://eviltemporal.example", "null", "*", ""),
    *("http://temporal.example", "https://temporal.example:8443", "https://TEMPORAL.example", f"{UI}/", f"{UI} {UI}"),
]


def test_the_pages_of_the_ui_may_ask_with_credentials(caller: httpx.Client) -> None:
    answer = caller.options("/decode", headers={"Origin": UI, **PREFLIGHT})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "authorization-extras", "content-type", "x-namespace"} <= allowed
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("role", [READ, None])
def test_the_pages_of_the_ui_may_read_answers_and_refusals(
    server: CodecServer, caller: httpx.Client, sealed: Payload, role: str | None
) -> None:
    headers = bearer(server.issuer.token(role)) if role else {}
    answer = caller.post("/decode", headers={**headers, "Origin": UI}, json=body(sealed))
    assert answer.status_code == (200 if role else 401)
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("how", ["preflight", "decode", "encode", "health"])
def test_pages_of_other_sites_are_refused_whatever_they_bring(
    server: CodecServer, caller: httpx.Client, sealed: Payload, how: str, origin: str
) -> None:
    before = server.written()
    if how == "preflight":
        answer = caller.options("/decode", headers={"Origin": origin, **PREFLIGHT})
    elif how == "health":
        answer = caller.get("/health", headers={"Origin": origin})
    else:
        headers = bearer(server.issuer.token(ADMIN), Origin=origin)
        answer = caller.post(f"/{how}", headers=headers, json=body(sealed))
    assert answer.status_code == 403
    assert "Origin" in answer.json()["error"]
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    [line] = server.lines(before)
    assert (line["event"], line["status"]) == ("refused", 403)


def test_a_second_origin_does_not_get_in_beside_the_first(
    server: CodecServer, caller: httpx.Client, sealed: Payload
) -> None:
    headers = [*bearer(server.issuer.token(READ)).items(), ("Origin", UI), ("Origin", "https://evil.example")]
    assert caller.post("/decode", headers=headers, json=body(sealed)).status_code == 403


# What is written down


def test_a_decode_is_written_down_with_who_which_keys_and_cases_how_many_and_when(
    server: CodecServer, caller: httpx.Client, sealed: Payload
) -> None:
    [other] = server.sealed("other", case="mo-mwa-another")
    damaged = changed(sealed, encryption_cipher=b"none")
    before = server.written()
    assert decoded(caller, server, body(sealed, other, plain(SECRET), damaged)).status_code == 200
    [line] = server.lines(before)
    assert line.pop("timestamp").startswith("20")
    assert line == {
        "event": "decoded",
        "level": "info",
        "subject": "ada@agency.example",
        "namespace": NAMESPACE,
        "role": "read",
        "payloads": 4,
        "unsealed": 1,
        "unreadable": 1,
        "result": "in part",
        "errors": [],
        "keys": sorted([key_id(sealed), key_id(other)]),  # type: ignore[type-var]
        "cases": sorted([CASE, "mo-mwa-another"]),
    }


def test_an_encode_is_written_down_with_the_fresh_key_that_is_nobodys_yet(
    server: CodecServer, caller: httpx.Client
) -> None:
    before = server.written()
    answer = caller.post("/encode", headers=bearer(server.issuer.token(ADMIN)), json=body(plain(SECRET)))
    [line] = server.lines(before)
    assert line["keys"] == [key_id(ParseDict(answer.json()["payloads"][0], Payload()))]
    assert (line["event"], line["role"], line["payloads"], line["cases"]) == ("encoded", "admin", 1, [])


@pytest.mark.parametrize("key", ["a@b c\nevent", "x" * 201, "<b>Ada Example</b>"])
def test_what_callers_make_up_is_not_written_down(
    server: CodecServer, caller: httpx.Client, sealed: Payload, key: str
) -> None:
    before = server.written()
    headers = {"X-Namespace": "Ada Example"}
    assert decoded(caller, server, body(changed(sealed, encryption_key_id=key.encode()))).status_code == 200
    assert decoded(caller, server, body(sealed), **headers).status_code == 403
    assert decoded(caller, server, body(sealed), Origin=f"https://{key!r}").status_code == 403
    assert [line["event"] for line in server.lines(before)] == ["decoded", "refused", "refused"]
    assert server.lines(before)[0]["keys"] == ["(not an id)"]
    assert "Ada Example" not in json.dumps(server.lines(before))


@pytest.mark.parametrize("subject", ["auth0|5f7c8ec7c33c6c004bbafe82", "CN=Ada Example, OU=Größe", 'a" \n{"event": "'])
def test_who_it_was_is_written_down_whatever_the_issuer_calls_them(
    server: CodecServer, caller: httpx.Client, subject: str
) -> None:
    before = server.written()
    for call in ("decode", "encode"):
        caller.post(f"/{call}", headers=bearer(server.issuer.token(READ, sub=subject)), json={})
    assert [(line["event"], line["subject"]) for line in server.lines(before)] == [
        *(("decoded", subject), ("refused", subject))
    ]


def test_neither_content_nor_tokens_are_in_the_log(server: CodecServer) -> None:
    assert '"event": "decoded"' in server.said()
    for never in (SECRET, b64encode(SECRET.encode()).decode()[:20], "eyJ", "Traceback"):
        assert never not in server.said()


# Limits


@asynccontextmanager
async def limited(
    home: Path,
    codec: PayloadCodec | None = None,
    case_of: Callable[[str], str | None] | None = None,
    **limits: int,
) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """A server with limits of its own, somebody who may write, and the headers of somebody else who may."""
    server = CodecServer(home)
    settings = server.settings(**server.checked(), **limits)
    known = keys(settings)
    access = access_by(settings, NAMESPACE)
    async with (
        serving(settings, codec or CaseCodec(known), access, case_of or known.stored.case_of) as address,
        httpx.AsyncClient(base_url=address) as caller,
    ):
        caller.headers.update(bearer(server.issuer.token(WRITE)))
        yield caller, bearer(server.issuer.token(WRITE, sub="bea@agency.example"))
    known.stored.close()


async def test_a_body_over_the_limit_is_refused_also_when_it_does_not_say_its_length(tmp_path: Path) -> None:
    async def in_parts() -> AsyncIterator[bytes]:
        yield b'{"payloads": ['
        for _ in range(100):
            yield b" " * 100
        yield b"]}"

    async with limited(tmp_path, codec_max_bytes=2000) as (caller, _):
        exactly = b'{"payloads": []}'.ljust(2000)
        assert (await caller.post("/decode", content=exactly)).status_code == 200
        for content in (exactly + b" ", in_parts()):
            answer = await caller.post("/decode", content=content)
            assert (answer.status_code, answer.json()) == (413, {"error": "more than 2000 bytes in one call"})


async def test_payloads_over_the_limit_are_refused(tmp_path: Path) -> None:
    async with limited(tmp_path, codec_max_payloads=3) as (caller, _):
        assert (await caller.post("/decode", json={"payloads": [{}] * 3})).status_code == 200
        for call in ("decode", "encode"):
            answer = await caller.post(f"/{call}", json={"payloads": [{}] * 4})
            assert (answer.status_code, answer.json()) == (413, {"error": "more than 3 payloads in one call"})


async def test_who_asks_for_too_much_waits_and_the_others_do_not(tmp_path: Path) -> None:
    async with limited(tmp_path, codec_payloads_a_minute=5) as (caller, another):
        assert (await caller.post("/decode", json={"payloads": [{}] * 4})).status_code == 200
        assert (await caller.post("/decode", json={"payloads": []})).status_code == 200
        answer = await caller.post("/decode", json={"payloads": []})
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert (await caller.post("/decode", json={}, headers=another)).status_code == 200
        assert (await caller.get("/health")).status_code == 200


async def test_a_refused_call_counts_too(tmp_path: Path) -> None:
    async with limited(tmp_path, codec_payloads_a_minute=3) as (caller, _):
        statuses = [(await caller.post("/decode", content=b"?")).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 429, 429]


async def test_a_body_that_does_not_come_to_its_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("converter.codec_server._BODY_SECONDS", 0.2)

    async with limited(tmp_path) as (caller, another):
        headers = {**another, "Host": "codec", "Content-Length": "100"}
        lines = ["POST /decode HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", "{"]
        reader, writer = await asyncio.open_connection("127.0.0.1", caller.base_url.port)
        writer.write("\r\n".join(lines).encode())
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 408 ")
        writer.close()


# What fails beside it


class Failing(PayloadCodec):
    """Its keys can't be had."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        raise RuntimeError(SECRET)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        raise RuntimeError(SECRET)


class Open(PayloadCodec):
    """Seals nothing."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


async def test_without_keys_payloads_go_back_as_they_came_and_that_is_written_down(
    tmp_path: Path, sealed: Payload, capsys: pytest.CaptureFixture[str]
) -> None:
    async with limited(tmp_path, Failing()) as (caller, _):
        answer = await caller.post("/decode", json=body(sealed))
    assert (answer.status_code, answer.json()) == (200, body(sealed))
    said = capsys.readouterr().out
    assert "RuntimeError" in said
    assert SECRET not in said


@pytest.mark.parametrize("codec", [Failing(), Open()])
async def test_what_cannot_be_sealed_is_not_sent_back(
    tmp_path: Path, codec: PayloadCodec, capsys: pytest.CaptureFixture[str]
) -> None:
    async with limited(tmp_path, codec) as (caller, _):
        answer = await caller.post("/encode", json=body(plain(SECRET)))
    assert answer.status_code == 503
    assert set(answer.json()) == {"error"}
    assert SECRET not in answer.text + capsys.readouterr().out


async def test_a_decode_is_answered_when_nobody_can_tell_the_cases(tmp_path: Path, sealed: Payload) -> None:
    def case_of(key: str) -> str | None:
        raise RuntimeError(SECRET)

    async with limited(tmp_path, Open(), case_of) as (caller, _):
        assert (await caller.post("/decode", json=body(sealed))).status_code == 200


async def test_a_defect_is_answered_and_written_down_without_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def defect(*_: object) -> None:
        raise AssertionError(SECRET)

    monkeypatch.setattr("converter.codec_server.Budget.spend", defect)
    async with limited(tmp_path) as (caller, _):
        answer = await caller.post("/decode", json=body(plain(SECRET)), headers={"Origin": UI})
    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert answer.headers["access-control-allow-origin"] == UI
    said = capsys.readouterr().out
    assert "AssertionError" in said
    assert SECRET not in answer.text + said


# Development


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodecServer]:
    server = CodecServer(tmp_path_factory.mktemp("dev"))
    with server.running("--dev", tokens=False, REENGAGEMENT_UI_PORT="9233"):
        yield server


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("127.0.0.1:{port}", 200), ("localhost:{port}", 200), ("[::1]:{port}", 200), ("LocalHost:{port}", 200)),
        *(("evil.example:{port}", 403), ("evil.example", 403), ("127.0.0.1", 403), ("127.0.0.1:1", 403), ("", 403)),
        *(("127.0.0.1.evil.example:{port}", 403), ("localhost:{port}.evil.example", 403), ("0.0.0.0:{port}", 403)),
    ],
)
@pytest.mark.parametrize("call", ["decode", "encode", "health"])
def test_in_development_it_answers_to_names_of_this_machine_only(
    dev: CodecServer, call: str, host: str, status: int
) -> None:
    headers = {"Host": host.format(port=dev.port), "X-Namespace": NAMESPACE}
    answer = httpx.request("GET" if call == "health" else "POST", f"{dev.url}/{call}", headers=headers, content="{}")
    assert answer.status_code == (200 if status == 200 else 403)
    assert (status == 200) or "Host" in answer.json()["error"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(("http://127.0.0.1:9233", 200), ("http://localhost:9233", 200)),
        *(("http://127.0.0.1:8233", 403), ("https://evil.example", 403), ("null", 403)),
    ],
)
@pytest.mark.parametrize("call", ["decode", "encode"])
def test_in_development_the_embedded_ui_and_no_other_page_may_ask(
    dev: CodecServer, call: str, origin: str, status: int
) -> None:
    headers = {"Origin": origin, "X-Namespace": NAMESPACE}
    answer = httpx.post(f"{dev.url}/{call}", headers=headers, json=body(plain("1")))
    assert answer.status_code == status
    preflight = httpx.options(f"{dev.url}/{call}", headers={"Origin": origin, **PREFLIGHT})
    assert preflight.status_code == status


def test_in_development_too_every_call_is_written_down(dev: CodecServer) -> None:
    before = dev.written()
    assert httpx.post(f"{dev.url}/decode", headers={"X-Namespace": NAMESPACE}, json={}).status_code == 200
    [line] = dev.lines(before)
    assert (line["event"], line["subject"], line["role"]) == ("decoded", "this machine", "admin")


@pytest.mark.parametrize("headers", [{}, {"X-Namespace": "other"}])
def test_in_development_too_there_is_one_namespace(dev: CodecServer, headers: dict[str, str]) -> None:
    assert httpx.post(f"{dev.url}/decode", headers=headers, json={}).status_code == 403


# The process


@pytest.fixture
def stopped(tmp_path: Path) -> CodecServer:
    return CodecServer(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_codec_server_exits_with_code_0_and_gives_its_port_up(
    stopped: CodecServer, number: signal.Signals
) -> None:
    with stopped.running() as process, httpx.Client(base_url=stopped.url) as kept_open:
        assert kept_open.get("/health").status_code == 200
        process.send_signal(number)
        assert process.wait(15) == 0
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", stopped.port)) != 0
    assert stopped.lines()[-1]["event"] == "stopped"


@pytest.mark.parametrize(
    ("options", "tokens", "wrong", "names"),
    [
        ([], False, {}, ["JWKS", "JWT_ISSUER", "JWT_AUDIENCE", "UI_ORIGINS"]),
        (["--dev"], False, {"CODEC_HOST": "0.0.0.0"}, ["CODEC_HOST"]),  # noqa: S104
        ([], True, {"JWT_AUDIENCE": ""}, ["JWT_AUDIENCE"]),
        ([], True, {"UI_ORIGINS": "*", "CODEC_PORT": "80", "JWKS": "http://login.example/keys"}, ["CODEC_PORT"]),
    ],
)
def test_wrong_settings_are_named_all_at_once_and_end_the_start_with_code_2(
    stopped: CodecServer, options: list[str], tokens: bool, wrong: dict[str, str], names: list[str]
) -> None:
    settings = {f"REENGAGEMENT_{name}": value for name, value in wrong.items()}
    with stopped.process(*options, tokens=tokens, **settings) as process:
        assert process.wait(60) == 2
    assert {line["name"] for line in stopped.lines()} == {f"REENGAGEMENT_{name}" for name in {*names, *wrong}}


def test_a_port_in_use_is_named_and_ends_the_start_with_code_1(stopped: CodecServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stopped.port))
        taken.listen()
        with stopped.process() as process:
            assert process.wait(60) == 1
    for part in ("cannot start", str(stopped.port), "REENGAGEMENT_CODEC_HOST or _PORT"):
        assert part in stopped.said()
    assert "Traceback" not in stopped.said()


def test_keys_of_tokens_that_cannot_be_read_end_the_start_with_code_1(stopped: CodecServer) -> None:
    (stopped.home / "jwks.json").write_text("[]")
    with stopped.process() as process:
        assert process.wait(60) == 1
    assert "REENGAGEMENT_JWKS" in stopped.said()
    assert "Traceback" not in stopped.said()


def test_it_serves_the_namespace_the_worker_works_in(stopped: CodecServer) -> None:
    with stopped.running(TEMPORAL_NAMESPACE="production"):
        for namespace, status in (("production", 200), (NAMESPACE, 403)):
            headers = bearer(stopped.issuer.token(f"{namespace}:read")) | {"X-Namespace": namespace}
            assert httpx.post(f"{stopped.url}/decode", headers=headers, json={}).status_code == status


# The stock command


async def temporal(world: World, *words: str, codec: tuple[str, str] | None = None) -> tuple[int, str]:
    """The exit code and all that the stock `temporal` command says, told a codec server and a token, or not."""
    server = ("--address", f"127.0.0.1:{world.settings.port}", "--namespace", world.settings.namespace)
    through = ("--codec-endpoint", codec[0], "--codec-auth", f"Bearer {codec[1]}") if codec else ()
    process = await asyncio.create_subprocess_exec(
        *(str(temporal_command()), *words, *server, *through),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode()


def in_words(history: str) -> str:
    """All that its payloads hold."""
    return " ".join(b64decode(data).decode(errors="replace") for data in re.findall(r'"data": *"([^"]*)"', history))


async def test_with_the_stock_command_auditors_look_and_operations_staff_send_as_well(
    world: World, tmp_path: Path
) -> None:
    server = CodecServer(tmp_path)
    settings = server.settings(**server.checked())
    known = keys(world.settings)
    access = access_by(settings, NAMESPACE)
    life = await world.open()
    before = await life.until_done()
    contact = fact(await life.today(), type="phone")
    case = ("--workflow-id", life.id)
    show = ("workflow", "show", *case, "--output", "json")
    send = ("workflow", "signal", *case, "--name", "contact_made", "--input", json.dumps(contact))

    async with serving(settings, CaseCodec(known), access, known.stored.case_of) as address:
        reads, writes = (address, server.issuer.token(READ)), (address, server.issuer.token(WRITE))
        for codec, looks in ((None, False), (reads, True), (writes, True)):
            code, said = await temporal(world, *show, codec=codec)
            assert (code, NAME in in_words(said)) == (0, looks)
        code, said = await temporal(world, *send, codec=reads)
        assert code != 0
        assert "the role read may not encode" in said
        code, said = await temporal(world, *send, codec=writes)
        assert code == 0, said

    status = await life.until(lambda status: status.facts_heard == before.facts_heard + 1)
    assert status.quarantine == ()
