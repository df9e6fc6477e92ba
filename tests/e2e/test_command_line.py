"""The one command line, run as a user runs it: as a process, against the real server."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from domain.facts import KINDS
from domain.staffing.facts import Consideration
from settings import Settings
from tests.workflow.living import World

SEVEN = [one for one in get_args(Consideration) if one != "physical_health"]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Starter = Callable[..., Awaitable[Ran]]


@pytest.fixture(scope="session")
def starter(world: World, server_settings: Settings) -> Starter:
    environment = os.environ | {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{server_settings.port}",
        "TEMPORAL_NAMESPACE": server_settings.namespace,
        "REENGAGEMENT_HOME": str(server_settings.home),
        "REENGAGEMENT_PROVIDERS": str(server_settings.providers),
    }

    async def run(*arguments: str | Path, **more: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "starter.py",
            *map(str, arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment | more,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    return run


async def opened(starter: Starter, person: str, *more: str) -> str:
    ran = await starter(
        *("open", "--json", "--person", person, "--name", "Ada Example", "--sanction-began", "2026-01-05"),
        *("--provider", "MWA-STL-01", "--required-hours", "30", *more),
    )
    assert ran.code == 0, ran.err
    return str(ran.json["case"])


def fact(case: str, kind: str, message_id: str, **says: Any) -> str:
    envelope = {"happened_on": "2026-02-01", "recorded_by": "test", "recorded_at": "2026-02-01T09:00:00-06:00"}
    return json.dumps({"case": case, "fact": {"kind": kind, "message_id": message_id, **envelope, **says}})


async def test_a_case_is_opened_once_under_an_opaque_id(starter: Starter) -> None:
    case = await opened(starter, "person-1")
    assert case.startswith("mo-mwa-")
    assert "person" not in case
    again = await starter(
        *("open", "--person", "person-1", "--name", "Ada Example", "--sanction-began", "2026-01-05"),
        *("--provider", "MWA-STL-01", "--required-hours", "30"),
    )
    assert (again.code, again.out.split(maxsplit=1)) == (0, [case, "already there\n"])
    assert await opened(starter, "person-1", "--episode", "2") == f"{case}-2"


@pytest.mark.parametrize(
    ("option", "value", "names"),
    [
        ("--sanction-began", "5 January", "sanction_began"),
        ("--required-hours", "200", "required_hours"),
        ("--program", "xx", "no policy edition"),
        ("--edition", "mo-mwa/1999-01-01", "no edition of that id"),
        ("--address", "Main Street", "address"),
    ],
)
async def test_a_wrong_option_is_refused_by_name(starter: Starter, option: str, value: str, names: str) -> None:
    ran = await starter(
        *("open", "--person", "p", "--name", "N", "--sanction-began", "2026-01-05"),
        *("--provider", "MWA-STL-01", "--required-hours", "30", option, value),
    )
    assert ran.code == 2
    assert names in ran.err
    assert "Traceback" not in ran.err


async def test_a_file_imported_twice_opens_nothing_twice(starter: Starter) -> None:  # ALL-1
    first = await starter("import", "samples/caseload.ndjson", "--json")
    assert (first.code, first.json["opened"], first.json["already_there"]) == (0, 5, 0)
    second = await starter("import", "samples/caseload.ndjson", "--json")
    assert (second.code, second.json["opened"], second.json["already_there"]) == (0, 0, 5)


async def test_an_import_opens_the_good_lines_and_says_what_is_wrong_with_the_others(
    starter: Starter, tmp_path: Path
) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text(
        "person_id,name,sanction_began,provider\n"
        "m-1,Max Example,2026-01-05,MWA-KC-01\n"
        "m-2,Mia Example,yesterday,MWA-KC-01\n"
    )
    ran = await starter("import", file, "--json")
    assert ran.code == 3
    assert (ran.json["opened"], ran.json["rejected"]) == (1, 1)
    assert [(reject["line"], reject["field"]) for reject in ran.json["rejects"]] == [(3, "sanction_began")]


async def test_a_dry_run_opens_nothing(starter: Starter, tmp_path: Path) -> None:
    file = tmp_path / "dry.csv"
    file.write_text("person_id,name,sanction_began,provider\nd-1,Dan Example,2026-01-05,MWA-KC-01\n")
    dry = await starter("import", file, "--dry-run", "--json")
    assert (dry.code, dry.json["to_open"]) == (0, 1)
    assert (await starter("import", file, "--json")).json["opened"] == 1


@pytest.mark.parametrize(
    ("content", "says"), [("no caseload at all\n", "format"), ("person_id,shoe\n1,2\n", "shoe"), ("", "format")]
)
async def test_an_unusable_file_is_refused_whole(starter: Starter, tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "unusable.txt"
    file.write_text(content)
    ran = await starter("import", file)
    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err


async def test_every_line_sent_has_a_receipt_or_a_reason(starter: Starter, tmp_path: Path) -> None:  # ALL-2
    case = await opened(starter, "person-2")
    file = tmp_path / "facts.ndjson"
    lines = [
        fact(case, "contact_made", "s-1", type="phone"),
        fact(case, "contact_made", "s-1", type="phone"),
        fact(case, "contact_made", "s-2", type="fax"),
        fact("no-such-case", "contact_made", "s-3", type="phone"),
        fact(case, "no_such_kind", "s-4"),
        "not json",
        fact(case, "participation_week", "s-5", week="2026-01-11", hours=200),
    ]
    file.write_text("\n".join(lines) + "\n")
    ran = await starter("send", file)
    assert ran.code == 3
    answers = [json.loads(line) for line in Path(f"{file}.receipts.ndjson").read_text().splitlines()]
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7]
    assert [answer["result"] for answer in answers] == [
        *("recorded", "duplicate", "refused", "refused", "refused", "rejected", "refused")
    ]
    assert "type" in answers[2]["says"]
    assert "hours" in answers[6]["says"]


async def test_sending_goes_on_where_it_stopped(starter: Starter, tmp_path: Path) -> None:
    case = await opened(starter, "person-3")
    file, receipts = tmp_path / "facts.ndjson", tmp_path / "r.ndjson"
    file.write_text("\n".join(fact(case, "contact_made", f"c-{n}", type="phone") for n in range(6)) + "\n")
    assert (await starter("send", file, "--receipts", receipts)).code == 0
    whole = receipts.read_text().splitlines(keepends=True)
    receipts.write_text("".join(whole[:4]) + whole[4][:20])  # as a kill in the middle of a line leaves it
    resumed = await starter("send", file, "--receipts", receipts)
    assert resumed.code == 0
    assert "resumed" in resumed.out
    answers = [json.loads(line) for line in receipts.read_text().splitlines()]
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 5, 6]
    assert [answer["result"] for answer in answers[4:]] == ["duplicate", "duplicate"]  # they had been heard: ALL-1


async def test_lines_that_reach_no_case_are_answered_once_when_sending_goes_on(
    starter: Starter, tmp_path: Path
) -> None:
    case = await opened(starter, "person-7")
    file, receipts = tmp_path / "facts.ndjson", tmp_path / "r.ndjson"
    good = [fact(case, "contact_made", f"d-{n}", type="phone") for n in range(2)]
    file.write_text("\n".join(["bad", good[0], "bad", "bad", good[1], "bad"]) + "\n")
    assert (await starter("send", file, "--receipts", receipts)).code == 3
    receipts.write_text("".join(receipts.read_text().splitlines(keepends=True)[:3]))  # stopped after a rejected line
    await starter("send", file, "--receipts", receipts)
    answers = [json.loads(line) for line in receipts.read_text().splitlines()]
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4, 5, 6]
    assert [answer["result"] for answer in answers] == [
        *("rejected", "recorded", "rejected", "rejected", "duplicate", "rejected")
    ]


async def test_show_says_where_a_case_stands_and_why(starter: Starter, world: World) -> None:  # ALL-4
    case = await opened(starter, "person-4")
    shown = await starter("show", case, "--json")
    assert shown.code == 0
    assert shown.json["status"]["phase"] == "reengaging"
    assert shown.json["status"]["why"]["rule"] == "MO-1"
    tables = await starter("show", case, "--timeline", "--why")
    assert tables.code == 0
    assert "MO 0290.040.00" in tables.out
    missing = await starter("show", "no-such-case")
    assert (missing.code, "no case" in missing.err) == (1, True)


async def test_list_finds_cases_by_what_they_need(starter: Starter, world: World) -> None:
    case = await opened(starter, "person-5")  # neither address nor months: two tasks
    for _ in range(50):
        listed = await starter("list", "--where", "NeedsAction = 'address'", "--json")
        if case in [row["case"] for row in listed.json]:
            break
    else:
        pytest.fail("the case was not listed")
    assert listed.code == 0
    wrong = await starter("list", "--where", "Nonsense = 1")
    assert (wrong.code, "Traceback" in wrong.err) == (1, False)


async def test_without_a_server_it_says_so(starter: Starter) -> None:
    ran = await starter("list", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert ran.code == 1
    assert "make up" in ran.err


async def test_the_schema_of_every_fact_is_printed(starter: Starter) -> None:
    assert len((await starter("schema")).json["oneOf"]) == len(KINDS)
    week = (await starter("schema", "participation_week")).json
    assert {"message_id", "happened_on", "recorded_by", "recorded_at", "week", "hours"} <= set(week["properties"])
    assert (await starter("schema", "fax")).code == 2


@pytest.mark.slow
async def test_a_rehearsed_case_comes_to_its_end_in_virtual_time(starter: Starter) -> None:  # MO-8
    ran = await starter("rehearse", "samples/lives.yaml", "--only", "two-good-weeks", "--only", "month-45", "--json")
    assert ran.code == 0, ran.err
    ends = {life["life"]: (life["outcome"], life["letters"]) for life in ran.json}
    assert ends == {"two-good-weeks": ("lifted_by_participation", 1), "month-45": ("lifetime_limit", 17)}


async def test_a_case_can_be_lived_forward_by_days(starter: Starter) -> None:  # MO-3
    ran = await starter("rehearse", "samples/lives.yaml", "--only", "month-60", "--days", "65", "--json")
    assert ran.code == 0, ran.err
    assert [(life["phase"], life["letters"]) for life in ran.json] == [("reengaging", 3)]


async def test_a_life_that_ended_before_the_days_are_over_is_shown_as_it_ended(starter: Starter) -> None:
    ran = await starter("rehearse", "samples/lives.yaml", "--only", "opened-in-error", "--days", "40", "--json")
    assert ran.code == 0, ran.err
    assert [(life["outcome"], life["faults"]) for life in ran.json] == [("opened_in_error", [])]


async def test_cases_take_on_another_edition_by_a_recorded_step(starter: Starter) -> None:  # ALL-5
    case = await opened(starter, "person-6", "--months-counted", "44", "--months-through", "2026-01")
    dry = await starter("policy", "adopt", "mo-mwa/2016-01-01", "--case", case, "--dry-run")
    assert (dry.code, "reengaging becomes limit_reached: the lifetime limit of 45 months" in dry.out) == (0, True)
    assert (await starter("show", case, "--json")).json["status"]["phase"] == "reengaging"
    adopted = await starter("policy", "adopt", "mo-mwa/2016-01-01", "--case", case)
    assert adopted.code == 0
    status = (await starter("show", case, "--json")).json["status"]
    assert (status["edition"], status["phase"]) == ("mo-mwa/2016-01-01", "limit_reached")
    [message] = re.findall(r"policy undo (\S+)", adopted.err)
    dry = await starter("policy", "undo", message, "--case", case, "--dry-run", "--json")
    assert (dry.code, dry.json[case].partition(":")[0]) == (0, "limit_reached becomes reengaging"), dry.out
    other = await opened(starter, "person-7", "--months-counted", "44", "--months-through", "2026-01")
    undone = await starter("policy", "undo", message, "--case", case, "--case", other)
    assert (undone.code, "has not heard of it" in undone.out) == (0, True), undone.out
    status = (await starter("show", case, "--json")).json["status"]
    assert (status["edition"], status["phase"]) == ("mo-mwa/2014-01-27", "reengaging")
    again = await starter("policy", "undo", message, "--case", case)
    assert (again.code, "has taken it back" in again.out) == (0, True)
    assert (await starter("policy", "undo", "no adoption")).code == 2
    assert (await starter("policy", "adopt", "mo-mwa/2016-01-01", "--case", "no-such-case")).code == 3
    assert (await starter("policy", "adopt", "mo-mwa/1999-01-01")).code == 2


async def test_a_staffing_is_held_on_the_command_line(starter: Starter) -> None:  # OR-1, OR-2
    ran = await starter(
        *("open", "--json", "--program", "or-jobs", "--person", "staffed", "--name", "Inez Example"),
        *("--provider", "ODHS-PDX-01", "--required-hours", "20", "--address", "40 Sample Court; Portland; OR; 97201"),
    )
    case = ran.json["case"]
    for kind, *said in (
        ("screening_offered", "screening=learning needs screening"),
        ("contact_attempted", "type=phone", "reached=false"),
        ("contact_attempted", "type=text"),
        ("engagement_option_offered", "option=job club"),
        ("attendance_recorded", "attendance=attended"),
        *(("consideration_answered", f"consideration={one}", "answer=no", "evidence=asked") for one in SEVEN),
    ):
        recorded = await starter("staffing", "record", case, kind, *said, "--by", "coach")
        assert recorded.code == 0, recorded.err
    early = await starter("staffing", "decide", case, "no_good_cause", "--by", "team")
    assert (early.code, "physical_health (OR-2)" in early.err) == (1, True)
    shown = await starter("staffing", "show", case, "--json")
    assert shown.json["status"]["says"] == "unanswered: physical health (OR-2)"
    wrong = await starter("staffing", "record", case, "consideration_answered", "answer=maybe")
    assert (wrong.code, "answer: Input should be 'yes', 'no' or 'unknown'" in wrong.err) == (1, True)
    last = ("consideration=physical_health", "answer=unknown", "evidence=nobody knew")
    await starter("staffing", "record", case, "consideration_answered", *last)
    decided = await starter("staffing", "decide", case, "no_good_cause", "--by", "team", "--json")
    assert decided.json["comes_to"] == "disqualified"
    again = await starter("staffing", "open", case, "--role", "community_partner", "--partner", "Neighbors United")
    assert (again.code, "MCS 3010" in again.err) == (1, True)
    asked = await starter("staffing", "open", case, "--role", "participant")
    assert f"{case}-staffing-2" in asked.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("record", "no-such-case", "contact_attempted", "type=phone"), "none of this id is open"),
        (("record", "no-such-case", "fax"), "kind: must be one of screening_offered"),
        (("record", "no-such-case", "contact_attempted", "phone"), "FIELD=VALUE"),
        (("show", "no-such-case"), "none of this id is open"),
    ],
)
async def test_a_staffing_that_cannot_be_told_is_said_so(
    starter: Starter, arguments: tuple[str, ...], says: str
) -> None:
    ran = await starter("staffing", *arguments)
    assert ran.code in (1, 2)
    assert says in ran.err
    assert "Traceback" not in ran.err
