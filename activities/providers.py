"""The provider directory: who sends the letters, and where a participant can call or visit. MO-2, MO-14."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.fact import Address, Code, Line

_WHAT_IS_RIGHT = {
    "code": "a unique code of up to 60 letters, digits, '.', '_' or '-', such as MWA-STL-01",
    "lines": "one to four lines of text",
    "state": "two capital letters, such as MO",
    "postal_code": "five digits in quotes, such as '63101' or '63101-1234'",
    "phone": "ten digits such as 314-555-0142",
    "office_hours": "the hours in each language of the letters, as `en` and `es`",
    "counties": "a list of county names",
}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfficeHours(_Entry):
    """When the office is open, in each language of the letters."""

    en: Line
    es: Line


class Provider(_Entry):
    """Who sends the letters: the MWA provider that is displayed (MO-2), or a branch office (OR-5)."""

    code: Code
    name: Line
    address: Address
    phone: Annotated[str, StringConstraints(pattern=r"^\d{3}-\d{3}-\d{4}$")]
    office_hours: OfficeHours | None = None
    counties: Annotated[tuple[Line, ...], Field(min_length=1)]


class _File(_Entry):
    providers: Annotated[tuple[Provider, ...], Field(min_length=1)]
    default: str | None = None


class UnknownProvider(LookupError):
    """A provider code that the directory does not hold."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no provider has the code {code!r}; add it to the provider directory")
        self.code = code


class BadProviderFile(ValueError):
    """A provider directory that can't be used; the message names file, line, entry and field."""


@dataclass(frozen=True)
class ProviderDirectory:
    """Every provider by its code; `default` is the one displayed where a caseload file names none."""

    providers: Mapping[str, Provider]
    default: str | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the directory from a YAML file. Raises BadProviderFile, or OSError where there is no file to read."""
        try:
            tree = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
            content = yaml.SafeLoader("").construct_document(tree) if tree else {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise BadProviderFile(f"{path} is not YAML in UTF-8: {error}") from None
        try:
            read = _File.model_validate(content)
            entries = read.providers
        except ValidationError as error:
            found = (_in_words(content, tree, each["loc"], each["msg"]) for each in error.errors())
            raise BadProviderFile("\n".join(f"{path}, {problem}" for problem in found)) from None
        codes = [provider.code for provider in entries]
        for entry, code in enumerate(codes):
            if code in codes[:entry]:
                problem = _in_words(content, tree, ("providers", entry, "code"), "given twice")
                raise BadProviderFile(f"{path}, {problem}")
        if read.default is not None and read.default not in codes:
            problem = _in_words(content, tree, ("default",), "not the code of an entry")
            raise BadProviderFile(f"{path}, {problem}")
        return cls({provider.code: provider for provider in entries}, read.default)

    def get(self, code: str) -> Provider:
        """The provider with a code. Raises UnknownProvider."""
        try:
            return self.providers[code]
        except KeyError:
            raise UnknownProvider(code) from None


def _in_words(content: Any, tree: yaml.Node | None, loc: tuple[int | str, ...], message: str) -> str:
    """A finding as line, entry, field, what is wrong and what would be right."""
    line = f"line {_line(tree, loc)}"
    match loc:
        case ("providers", int(index), *field):
            entry = content["providers"][index]
            code = entry.get("code", "no code") if isinstance(entry, dict) else "not a table"
            named = next((part for part in field if part in _WHAT_IS_RIGHT), None)
            right = f"; expected {_WHAT_IS_RIGHT[named]}" if named else ""
            return f"{line}, entry {index + 1} ({code}), {'.'.join(map(str, field))}: {message}{right}"
        case _:
            right = "a list under `providers`, and at most the code of one as `default`"
            return f"{line}, {'.'.join(map(str, loc))}: {message}; expected {right}"


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """The line on which the innermost part of a location that the file does hold begins, from 1."""
    if node is None:
        return 1
    inner: dict[int | str, yaml.Node] = {}
    if isinstance(node, yaml.MappingNode):
        inner = {key.value: value for key, value in node.value}
    elif isinstance(node, yaml.SequenceNode):
        inner = dict(enumerate(node.value))
    if loc and loc[0] in inner:
        return _line(inner[loc[0]], loc[1:])
    return int(node.start_mark.line) + 1
