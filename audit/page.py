"""A told life as one HTML page that needs nothing else: for a browser, a screen reader, a printer. ALL-4."""

from html import escape

from audit.explain import Because, Line, Told

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 80rem;
  padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #767676; }
thead th { position: sticky; top: 0; background: #f2f2f2; }
.decision { border-left: .3rem solid #0b5cad; } .effect { border-left: .3rem solid #2d6a2e; }
.fact { border-left: .3rem solid #6b4c00; } .quarantine { border-left: .3rem solid #a4262c; }
.cites { color: #444; } ul { margin: 0; padding-left: 1.1rem; }
@media print { thead th { position: static; } }
"""
_COLUMNS = ("Known", "Happened", "What", "In words", "Rule, citation and edition", "Values used")


def page(told: Told) -> str:
    """The page, in HTML. Every text is escaped."""
    rows = "\n".join(_row(line, told.case) for line in told.lines)
    heads = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    title = f"Case {escape(told.case)}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{_STYLE}</style></head>
<body><main>
<h1>{title}</h1>
<p>{escape(told.stands)}</p>
<table>
<caption>Everything that was heard, decided and done, in the order it became known. Times are UTC. Where something
became known later than it happened, the days between are given.</caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main></body>
</html>
"""


def _row(line: Line, case: str) -> str:
    late = f"<br>{line.late_days} days later" if line.late_days else ""
    where = "" if line.workflow == case else f" in staffing {escape(line.workflow)}"
    known = f'<time datetime="{line.known_at.isoformat()}">{line.known_at:%Y-%m-%d %H:%M}</time>'
    cells = (
        f"{known}{late}",
        f"{line.happened_on}",
        f"{escape(line.what)}{where}",
        escape(line.says),
        _list([_rule(one) for one in line.because]),
        _list([f"{escape(name)}: {escape(str(value))}" for one in line.because for name, value in one.inputs.items()]),
    )
    return f'<tr class="{escape(line.what)}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _rule(because: Because) -> str:
    cited = f"{because.cites} ({because.edition})"
    return f'<strong>{escape(because.rule)}</strong> <span class="cites">{escape(cited)}</span>'


def _list(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""
