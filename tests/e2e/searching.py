"""Where something personal could come to stand, and the search for planted words in all of it."""

import base64
import binascii
import gzip
import http.client
import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client

_AROUND, _EXAMPLES = 40, 5
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")


def forms(word: str) -> Iterator[bytes]:
    """How a word may stand in bytes, in small letters: as it is, and as hexadecimal digits."""
    yield word.lower().encode()
    yield word.encode().hex().encode()


def base64_forms(word: str) -> Iterator[bytes]:
    """How a word may stand within base64, wherever it begins there."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + word.encode())
        yield encoded[-(-before * 8 // 6) : (before + len(word)) * 8 // 6]


@dataclass
class Place:
    """One place that was searched."""

    name: str
    bytes: int = 0
    hits: int = 0
    examples: list[str] = field(default_factory=list)


class Search:
    """Looks for words in everything it is given, and keeps count by place."""

    def __init__(self, words: Iterable[str]) -> None:
        self._small = [form for word in words for form in forms(word)]
        self._base64 = [form for word in words for form in base64_forms(word)]
        self.places: dict[str, Place] = {}

    def look(self, name: str, content: bytes, where: str = "") -> None:
        """Search some bytes; what is base64 in them also decoded."""
        place = self.places.setdefault(name, Place(name))
        place.bytes += len(content)
        self._look(place, content, where)

    def look_decoded(self, name: str, content: bytes, where: str = "") -> None:
        """The same, and in what stands there in base64 too, as payloads stand in JSON."""
        self.look(name, content, where)
        for encoded in _BASE64.findall(content):
            try:
                decoded = base64.urlsafe_b64decode(encoded.replace(b"+", b"-").replace(b"/", b"_") + b"==")
            except binascii.Error:
                continue
            self._look(self.places[name], decoded, f"{where}, decoded")

    def _look(self, place: Place, content: bytes, where: str) -> None:
        for text, wanted in ((content.lower(), self._small), (content, self._base64)):
            for form in wanted:
                found = text.count(form)
                place.hits += found
                if found and len(place.examples) < _EXAMPLES:
                    at = text.index(form)
                    place.examples.append(f"{where}: {content[max(0, at - _AROUND) : at + _AROUND]!r}")

    def table(self) -> str:
        """What was searched, a line each."""
        rows = [f"{'place':48} {'bytes':>12} {'hits':>6}"]
        rows += [f"{one.name:48} {one.bytes:12,} {one.hits:6}" for one in self.places.values()]
        rows += [f"{name:48} {'not searched':>12}: {why}" for name, why in NOT_SEARCHED.items()]
        return "\n".join(rows)


NOT_SEARCHED = {
    "records database (records.sqlite)": "stands for the agency's systems of record, which hold names by their nature",
    "outbox": "the letters themselves; only the names of its files are searched",
}


def files(search: Search, home: Path) -> None:
    """Everything that lies in the home directory, and all names in it."""
    for path in sorted(home.rglob("*")):
        search.look("names of files", path.relative_to(home).as_posix().encode())
        within = path.relative_to(home).parts[0]
        if path.suffix == ".gz":
            search.look("archive", gzip.decompress(path.read_bytes()), path.name)
        elif path.is_file() and within != "outbox" and not within.startswith("records.sqlite"):
            search.look(
                "archive" if within == "archive" else _FILES.get(path.name, f"file {path.name}"),
                path.read_bytes(),
                path.name,
            )


_FILES = {
    "temporal.sqlite": "server database",
    "temporal.sqlite-wal": "server database, write-ahead log",
    "temporal.sqlite-shm": "server database, shared memory",
    "temporal.log": "server log",
    "worker.log": "worker log",
}


def measured(search: Search, address: str) -> None:
    """What the worker shows to Prometheus."""
    connection = http.client.HTTPConnection(address, timeout=15)
    connection.request("GET", "/metrics")
    search.look("metrics", connection.getresponse().read())


async def by_grpc(search: Search, client: Client) -> list[str]:
    """What the server tells of every workflow, as an operator without a codec sees it; the ids of all of them."""
    ids = []
    async for execution in client.list_workflows():
        ids.append(execution.id)
        listed = execution.raw_info
        search.look("workflow ids, types, task queues", f"{execution.id} {listed.type} {listed.task_queue}".encode())
        search.look("search attributes", listed.search_attributes.SerializeToString(), execution.id)
        search.look("memos", listed.memo.SerializeToString(), execution.id)
        described = await client.get_workflow_handle(execution.id).describe()
        for failure in _failures(described.raw_description):
            search.look("failure texts", failure, f"{execution.id}, pending")
        async for event in _events(client, execution.id, execution.run_id):
            for failure in _failures(event):
                search.look("failure texts", failure, execution.id)
    return ids


async def _events(client: Client, id: str, run: str) -> AsyncIterator[Message]:
    async for event in client.get_workflow_handle(id, run_id=run).fetch_history_events():
        yield event


def _failures(message: Message) -> Iterator[bytes]:
    """Everything of a failure that no codec touches: message, stack trace, source and type, of its causes too."""
    if isinstance(message, Failure):
        bare = Failure.FromString(message.SerializeToString())
        bare.ClearField("encoded_attributes")
        yield bare.SerializeToString()
        return
    for descriptor, value in message.ListFields():
        if descriptor.type == FieldDescriptor.TYPE_MESSAGE and not descriptor.message_type.GetOptions().map_entry:
            for one in value if isinstance(value, Iterable) else [value]:
                yield from _failures(one)


class Ui:
    """The UI's HTTP interface, without a codec server: what a browser is told."""

    def __init__(self, port: int, namespace: str) -> None:
        self._port, self._under = port, f"/api/v1/namespaces/{namespace}/workflows"
        self._token = ""

    def search(self, search: Search, ids: Iterable[str]) -> None:
        """The list, every workflow with its whole history, and what every query answers."""
        search.look_decoded("UI: list", self._ask(f"{self._under}?query="), "list")
        for id in ids:
            search.look_decoded("UI: workflow", self._ask(f"{self._under}/{id}"), id)
            page = ""
            while page is not None:
                said = self._ask(f"{self._under}/{id}/history?next_page_token={page}")
                search.look_decoded("UI: history", said, id)
                page = json.loads(said).get("nextPageToken")
            for query in ("status", "timeline", "explain", "__temporal_workflow_metadata", "__stack_trace"):
                said = self._ask(f"{self._under}/{id}/query/{query}", {"query": {}})
                search.look_decoded("UI: queries", said, f"{id}, {query}")

    def _ask(self, path: str, body: Any = None) -> bytes:
        until = time.monotonic() + 15
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
            headers = {"Cookie": f"_csrf={self._token}", "X-CSRF-TOKEN": self._token} if self._token else {}
            connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            said = answer.read()
            self._token = self._token or (answer.getheader("Set-Cookie") or "").partition("_csrf=")[2].partition(";")[0]
            if answer.status != http.HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > until:
                return said
            time.sleep(0.2)  # it takes a moment till it has found the server
