"""`show` and `list`: where cases stand, as tables or JSON."""

from datetime import datetime
from typing import Any

from rich.table import Column, Table
from temporalio.client import Client, WorkflowExecution, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from cli.console import FAILED, OK, err, out, print_json
from workflows.attributes import KEYS, LETTERS_SENT, NEEDS_ACTION, NEXT_ACTION_AT, OUTCOME, PHASE, PROVIDER, QUARANTINED
from workflows.start import CASE_WORKFLOW


async def show(client: Client, case: str, *, timeline: bool, why: bool, as_json: bool) -> int:
    """Everything a case says of itself: status, and on demand its timeline and its explanation. ALL-4."""
    handle = client.get_workflow_handle(case)
    try:
        said: dict[str, Any] = {"status": await handle.query("status")}
        if timeline or as_json:
            said["timeline"] = await handle.query("timeline")
        if why or as_json:
            said["explain"] = await handle.query("explain")
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            err.print(f"error: no case of the id {case}", markup=False, highlight=False)
        else:
            err.print(f"error: no answer ({error}): is a worker running?", markup=False, highlight=False)
        return FAILED
    except WorkflowQueryFailedError as error:
        err.print(f"error: {error}", markup=False, highlight=False)
        return FAILED
    if as_json:
        print_json(said)
        return OK
    if said["status"] is None:
        out.print("The case is being opened.")
        return OK
    _show_status(said["status"])
    for entry in said.get("timeline", []):
        out.print(f"{entry['on']}  {entry['what']:10} {entry['says']}  {' '.join(entry['rules'])}", highlight=False)
    if "explain" in said:
        _show_why(said["explain"])
    return OK


def _show_status(status: dict[str, Any]) -> None:
    why = status["why"]
    table = Table(title=status["case_id"], show_header=False)
    outcome = f" ({status['outcome']})" if status["outcome"] else ""
    table.add_row("stands", f"{status['phase']}{outcome} since {status['since']}")
    table.add_row("why", f"{why['says']} ({why['rule']}; {why['cites']})" if why else "no readable opening (ALL-2)")
    table.add_row("waits for", f"{status['waits_for']} on {status['next_on']}" if status["next_on"] else "facts")
    table.add_row("provider", status["provider"] or "")
    table.add_row("letters sent", f"{status['letters_sent']}, the last on {status['last_letter_on']}")
    table.add_row("participation rate", status["rate_this_month"] or "")
    table.add_row("edition", status["edition"])
    for one in status["staffings"]:
        came_to = (one["result"] or "undecided").replace("_", " ")
        table.add_row(f"staffing {one['number']}", f"{came_to}, called on {one['called_on']}\n{one['staffing']}")
    for step in status["disqualification"]:
        table.add_row("DQ1 step", f"{step['what']}: {step['done_on'] or 'waits for the ' + step['who']}")
    for task in status["open_tasks"]:
        table.add_row("to do", f"{task['text']} ({task['rule']})\n{task['task']}")
    for effect, because in status["troubles"].items():
        table.add_row("stuck", f"{effect}: {because}")
    for held in status["quarantine"]:
        table.add_row("quarantine", f"{held['name']}: {held['reason']}\n{held['id']} ({held['times']} times)")
    out.print(table, markup=False)


def _show_why(explained: dict[str, Any]) -> None:
    """The explanation as a table; `--json` has every input."""
    table = Table("", "how it stands", "rule", "inputs", title="Why")
    for name, said in explained.items():
        for row in said if isinstance(said, list) else [said]:
            table.add_row(name.replace("_", " "), *_in_words(row))
    out.print(table, markup=False)


def _in_words(said: Any) -> tuple[str, str, str]:
    """What is said, the rule it rests on, and the inputs used; the reason may lie within, as of a month or a date."""
    if not isinstance(said, dict):
        return "" if said is None else str(said), "", ""
    reason = next((said[name] for name in ("reason", "why") if isinstance(said.get(name), dict)), said)
    own = {name: value for name, value in said.items() if value is not reason}
    if "rule" not in reason:
        return _listed(own), "", ""
    text = f"{_listed(own)}: {reason['says']}" if own and reason is not said else reason["says"]
    return text, f"{reason['rule']} · {reason['cites']}", _listed(reason["inputs"])


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_cell(value)}" for name, value in values.items() if value is not None)


async def list_cases(client: Client, where: str | None, limit: int, *, as_json: bool) -> int:
    """The cases there are, newest first, narrowed by a visibility query on their search attributes."""
    query = f"WorkflowType = '{CASE_WORKFLOW}' AND ExecutionStatus != 'ContinuedAsNew'"
    query += f" AND ({where})" if where else ""
    rows = []
    try:
        async for execution in client.list_workflows(query, limit=limit):
            rows.append(_row(execution))
    except RPCError as error:
        err.print(f"error: {error}", markup=False, highlight=False)
        return FAILED
    if as_json:
        print_json(rows)
        return OK
    shown = (PHASE, OUTCOME, PROVIDER, NEXT_ACTION_AT, NEEDS_ACTION, LETTERS_SENT, QUARANTINED)
    table = Table(Column("case", overflow="fold"), *(key.name for key in shown), title=f"{len(rows)} cases")
    for row in rows:
        table.add_row(row["case"], *(_cell(row[key.name]) for key in shown))
    out.print(table, markup=False)
    return OK


def _row(execution: WorkflowExecution) -> dict[str, Any]:
    known = execution.typed_search_attributes
    values: dict[str, Any] = {key.name: known.get(key) for key in KEYS}
    return {"case": execution.id, "status": execution.status.name if execution.status else None} | values


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)
