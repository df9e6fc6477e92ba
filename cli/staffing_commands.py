"""The commands of `staffing`."""

from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer

from cli.console import USAGE, fail
from cli.running import Json, run
from cli.staffing import show, tell
from domain.staffing.facts import RECORDED

app = typer.Typer(help="Staffings: request one, record, decide, and see what is unanswered.", no_args_is_help=True)

Staffing = Annotated[str, typer.Argument(help="The staffing's id, or a case's: then its latest staffing")]
By = Annotated[str, typer.Option(help="Who records it")]
_YES_NO = {"true": True, "false": False}
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date it happened; else today")]


def _tell(
    id: str, kind: str, said: dict[str, Any], by: str, on: datetime | None, *, staffing: bool, as_json: bool
) -> NoReturn:
    day = on.date() if on else None
    run(lambda client: tell(client, id, kind, said, by=by, on=day, staffing=staffing, as_json=as_json))


@app.command("open")
def open_staffing(
    case: str,
    role: Annotated[
        str, typer.Option(help="family_coach, department, contractor, participant or community_partner")
    ] = "family_coach",
    partner: Annotated[str | None, typer.Option(help="The community partner; its release must be on file")] = None,
    requester: Annotated[str | None, typer.Option(help="Who requests it, by name or function")] = None,
    by: By = "command line",
    on: On = None,
    json: Json = False,
) -> None:
    """Request a staffing of a case (OR-4)."""
    said = {"role": role, "partner": partner, "requester": requester}
    _tell(case, "staffing_requested", said, by, on, staffing=False, as_json=json)


@app.command("record")
def record(
    staffing: Staffing,
    kind: Annotated[str, typer.Argument(help="Such as screening_offered; `schema KIND` tells what it takes")],
    said: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE...")] = None,
    by: By = "command line",
    on: On = None,
    json: Json = False,
) -> None:
    """Record something in a staffing: what was offered, attempted or answered (OR-1, OR-2)."""
    kinds = [one.model_fields["kind"].default for one in RECORDED]
    if kind not in kinds:
        fail(f"kind: must be one of {', '.join(kinds)}", USAGE)
    fields = dict(one.partition("=")[::2] for one in said or [])
    if not all("=" in one for one in said or []):
        fail("FIELD=VALUE: such as consideration=exempt answer=no evidence='asked on the telephone'", USAGE)
    values: dict[str, Any] = {name: _YES_NO.get(value, value) for name, value in fields.items() if name == "reached"}
    _tell(staffing, kind, fields | values, by, on, staffing=True, as_json=json)


@app.command()
def decide(
    staffing: Staffing,
    finding: Annotated[str, typer.Argument(help="good_cause or no_good_cause")],
    by: Annotated[str, typer.Option(help="Who decided: the team")],
    reason: Annotated[str | None, typer.Option(help="In writing, where the finding goes against the answers")] = None,
    family_stability_issues: Annotated[
        bool, typer.Option("--family-stability-issues", help="They are ongoing")
    ] = False,
    on: On = None,
    json: Json = False,
) -> None:
    """Decide whether there is good cause; refused while anything is unanswered (OR-2)."""
    said = {"finding": finding, "decided_by": by, "reason": reason, "family_stability_issues": family_stability_issues}
    _tell(staffing, "decided", said, by, on, staffing=True, as_json=json)


@app.command("show")
def show_one_staffing(
    staffing: Staffing,
    timeline: Annotated[bool, typer.Option(help="What was recorded, in order")] = False,
    json: Json = False,
) -> None:
    """What a staffing has recorded, and what is unanswered. Shows personal answers."""
    run(lambda client: show(client, staffing, timeline=timeline, as_json=json))
