"""The Monitoring table of a PLAN.md: what it declares, and whether a row says enough."""
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple

RULE = 'monitoring'
COLUMNS = ('W&B key', 'What it measures', "How it's calculated", 'Source')
SHORTEST = 8  # characters of a formula
_EXAMPLE = '1 - 2*sum(p*y) / (sum(p) + sum(y) + 1e-6)'
_HEADING = re.compile(r'## +\d+\. Monitoring\s*')
_COMMENT = re.compile(r'<!--.*?-->', re.DOTALL)
_CELL = re.compile(r'(?<!\\)\|')
_RULER = re.compile(r'[\s|:-]+')
_SOURCE = re.compile(r'([^\s:`]+):([A-Za-z_][\w.]*)(?:\(\))?')
_NO_FORMULA = re.compile(
    r'(see|cf\.?|as in|same as|defined in) .*|.*\b(todo|tbd|fixme|fill[ _]in)\b.*'
    r'|(the )?(dsc|dice|iou|auc|f1|accuracy|loss|learning rate|usual|standard|default|built-?in|n/?a|none|unknown)( score| coefficient)?',
)


class Row(NamedTuple):
    """A row of the table, and the line of the file that it stands on."""

    line: int
    key: str
    measures: str
    formula: str
    source: str


def table(path: str, text: str) -> tuple[list[Row], list[Finding]]:
    """The rows of the table, or what keeps it from being one."""
    lines = _COMMENT.sub(lambda hidden: '\n' * hidden[0].count('\n'), text).split('\n')
    start = next((at for at, line in enumerate(lines) if _HEADING.fullmatch(line)), None)
    head = '| ' + ' | '.join(COLUMNS) + ' |'
    if start is None:
        return [], [Finding(RULE, path, "has no section '## N. Monitoring'", way=f'add one with a table: {head}')]
    end = next((at for at in range(start + 1, len(lines)) if lines[at].startswith('## ')), len(lines))
    cells = [(at + 1, _cells(lines[at])) for at in range(start, end) if lines[at].lstrip().startswith('|')]
    if not cells or tuple(cells[0][1]) != COLUMNS:
        line = cells[0][0] if cells else start + 1
        return [], [Finding(RULE, f'{path}:{line}', 'the Monitoring section has no table with exactly its four columns', way=head)]
    body = [(line, row) for line, row in cells[1:] if not _RULER.fullmatch('|'.join(row))]
    odd = [
        Finding(RULE, f'{path}:{line}', f'{len(row)} cells where the table has 4 columns', way=r'write \| for a | within a cell')
        for line, row in body if len(row) != len(COLUMNS)
    ]
    return [Row(line, row[0].strip('`'), *row[1:]) for line, row in body if len(row) == len(COLUMNS)], odd


def _cells(line: str) -> list[str]:
    inner = re.sub(r'(?<!\\)\|$', '', line.strip().removeprefix('|'))
    return [cell.strip().replace(r'\|', '|') for cell in _CELL.split(inner)]


def judged(path: str, row: Row, read: Callable[[str], str | None]) -> Iterator[Finding]:
    """What is wrong with a row; `read` gives the text of a file of the repository, None where there is none."""
    at = f'{path}:{row.line}'
    if not row.measures:
        yield Finding(RULE, at, f"'{row.key}' does not say what it measures")
    why = _lacking(row)
    if why:
        yield Finding(RULE, at, f"how '{row.key}' is calculated {why}", way=f'a formula or one line of algorithm: {_EXAMPLE}')
    why = _missing(row.source, read)
    if why:
        yield Finding(RULE, at, f"the source of '{row.key}' {why}", way='FILE:FUNCTION, from the top of the repository', level='warning')


def _lacking(row: Row) -> str | None:
    """Why the cell is no formula, None when it may be one."""
    said = row.formula.strip('`$ .').casefold()
    if not said:
        return 'is left out'
    if said == row.key.casefold() or _NO_FORMULA.fullmatch(said):
        return f"is no formula: '{row.formula}'"
    return None if len(said) >= SHORTEST else f"is too short for a formula: '{row.formula}'"


def _missing(source: str, read: Callable[[str], str | None]) -> str | None:
    """Why the cell does not lead to a function, None when it does."""
    found = _SOURCE.search(source)
    if not found:
        return f"is no FILE:FUNCTION: '{source}'"
    text = read(found[1])
    if text is None:
        return f"is in '{found[1]}', which is not there"
    if not found[1].endswith('.py'):
        return None if re.search(rf'\b{re.escape(found[2])}\b', text) else f"is '{found[2]}', which '{found[1]}' does not have"
    try:
        defined = set(_defined('', ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return f"is in '{found[1]}', which Python cannot read"
    return None if found[2] in defined else f"is '{found[2]}', which '{found[1]}' does not define"


def _defined(prefix: str, node: ast.AST) -> Iterator[str]:
    """The functions and classes of a module, those in a class by both names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from {child.name, f'{prefix}{child.name}'}
            yield from _defined(f'{prefix}{child.name}.', child)
        else:
            yield from _defined(prefix, child)
