"""From the bytes of gitexp.yaml to a document that can be believed."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gitexp.core import patterns
from gitexp.core.errors import Usage
from gitexp.lab.config import FILE

with patterns.late():  # That of a reader which is not used where there is libyaml takes as long as all else of it.
    import yaml

if TYPE_CHECKING:
    from gitexp.lab.complaints import Complaint

LONGEST = 256 * 1024
_DEEPEST = 20
_LARGEST = 1 << 19  # bytes of a config.yaml
_LEAST = "the least that works: metric: {name: val_loss, direction: min} and, on the next line, eval: python3 eval.py"
# All but those of YAML 1.1, section 5.1; what is only ASCII needs less, and less time to compile it.
_CONTROL = '[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]'
_ASCII_CONTROL = '[\0-\x08\x0b\x0c\x0e-\x1f\x7f]'
_CONFLICT = r'(?m)^(<<<<<<<|>>>>>>>)( |\r?$)'
_ODD = r'[-\[,:]\s*([*&!@%`])'
_Loader: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def parse(data: bytes) -> dict[str, Any]:
    """Read the YAML and hold it against the schema; raises Usage naming the line, and the way to put it right."""
    text = _text(data)
    node = _node(text)
    said = _value(node)
    from gitexp.lab import complaints  # Costs time, and what has been accepted before is not held against the schema again.
    wrong = sorted(complaints.of(said, _validator().iter_errors(said)), key=lambda one: one.order(_line(node, one)))
    if wrong:
        _refuse(_line(node, wrong[0]), wrong[0].message, wrong[0].hint)
    return dict(said)


def again(data: bytes) -> dict[str, Any]:
    """Read a text that the schema has accepted before; holding it against the schema once more would cost 60 ms."""
    return dict(_value(_node(_text(data))))


def plain(data: bytes, name: str) -> dict[str, Any]:
    """A mapping of any keys, such as an experiment's config.yaml; raises Usage naming the line, `name` being the file's."""
    try:
        _refuse_monstrous(data, name)
        said = yaml.load(data, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, 'problem_mark', None)
        raise Usage(f"{name}:{mark.line + 1 if mark else 1}: {getattr(error, 'problem', None) or 'this is not YAML'}") from None
    if not isinstance(said, dict):
        raise Usage(f'{name} must be a mapping, such as: dataset: NAME')
    return said


def _refuse_monstrous(data: bytes, name: str) -> None:
    """What would take the machine down rather than be read."""
    if len(data) > _LARGEST:
        raise Usage(f'{name} is larger than {_LARGEST >> 10} KiB', hint='keep data elsewhere')
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, yaml.AliasEvent):
            why = 'aliases are not taken' if depth <= _DEEPEST else f'nested more than {_DEEPEST} deep'
            raise Usage(f'{name}:{event.start_mark.line + 1 if event.start_mark else 1}: {why}')


def leaves(data: bytes, name: str) -> dict[str, tuple[int, Any]]:
    """Each value of a document that is no mapping, by its dotted name, with its line; raises Usage as `plain`."""
    plain(data, name)
    return dict(_leaves(yaml.compose(data, Loader=_Loader), ''))


def schema() -> dict[str, Any]:
    """The JSON Schema that ships with the package, for editors too."""
    return dict(json.loads(Path(__file__).with_name('schema.json').read_text()))


@cache
def _validator() -> Any:
    import jsonschema
    return jsonschema.Draft202012Validator(schema())


def _refuse(line: int, message: str, hint: str | None = None) -> NoReturn:
    raise Usage(f'{FILE}:{line}: {message}', hint=hint)


def _text(data: bytes) -> str:
    """The characters, of which YAML must be able to take every one."""
    if len(data) > LONGEST:
        raise Usage(f'{FILE} is {len(data)} bytes long, and {LONGEST} is the most', hint='a pattern with ** covers many files')
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        _refuse(data[:error.start].count(b'\n') + 1, f'byte 0x{data[error.start]:02x} is not UTF-8 text', 'save the file as UTF-8')
    if bad := re.search(_ASCII_CONTROL if text.isascii() else _CONTROL, text):
        _refuse(_line_at(text, bad.start()), f'a control character (U+{ord(bad.group()):04X})')
    if ('<<<<<<<' in text or '>>>>>>>' in text) and (mark := re.search(_CONFLICT, text)):
        _refuse(_line_at(text, mark.start()), 'a conflict marker', 'resolve the merge, then commit')
    return text


def _line_at(text: str, offset: int) -> int:
    return text.count('\n', 0, offset) + 1


def _node(text: str) -> Any:
    """The tree of nodes, which knows the lines; refuses what could surprise: aliases, tags, a key given twice."""
    try:
        _plain(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        _unreadable(error, text)
    if node is None:
        raise Usage(f'{FILE} is empty', hint=_LEAST)
    for mapping in _mappings(node):
        _once(mapping)
    return node


def _plain(text: str) -> None:
    """Refuse what makes a small file big, or deep, before anything recurses into it."""
    depth = documents = 0
    event: Any
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            _refuse(line, 'a second document', "remove the line '---' and what follows")
        if depth > _DEEPEST:
            _refuse(line, f'nested more than {_DEEPEST} deep')
        if isinstance(event, yaml.AliasEvent) or getattr(event, 'anchor', None):
            _refuse(line, f"anchors and aliases ('{event.anchor}') are not taken", 'a text that starts with & or * needs quotes')
        if getattr(event, 'tag', None):
            _refuse(line, f"the tag '{event.tag}' is not taken", 'a text that starts with ! needs quotes')


def _leaves(node: Any, prefix: str, depth: int = 0) -> Iterator[tuple[str, tuple[int, Any]]]:
    for key, value in node.value:
        name = f'{prefix}{key.value}'
        if isinstance(value, yaml.MappingNode) and value.value and depth < _DEEPEST:
            yield from _leaves(value, f'{name}.', depth + 1)
        else:
            yield name, (key.start_mark.line + 1, _value(value))


def _mappings(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value)


def _once(mapping: Any) -> None:
    seen: dict[str, int] = {}
    for key, _ in mapping.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value == '<<':
            _refuse(line, 'a key must be plain text')
        if key.value in seen:
            _refuse(line, f"the key '{key.value}' is here for the second time, first on line {seen[key.value]}", 'keep one of them')
        seen[key.value] = line


def _value(node: Any) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, 'problem_mark', None)
        _refuse(mark.line + 1 if mark else 1, getattr(error, 'problem', None) or str(error), 'a text needs quotes here')


def _unreadable(error: Any, text: str) -> NoReturn:
    mark = getattr(error, 'problem_mark', None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    shown = (text.split('\n')[line:line + 1] or [''])[0]
    if '\t' in shown[:len(shown) - len(shown.lstrip())] + shown[column:column + 1]:
        _refuse(line + 1, 'a tab, where YAML wants spaces', 'indent with spaces')
    odd = re.search(_ODD, shown)
    _refuse(line + 1, getattr(error, 'problem', None) or 'this is not YAML',
            f"a text that {f'starts with {odd.group(1)}' if odd else 'holds one of : # { } [ ] ,'} needs quotes")


def _line(node: Any, complaint: Complaint) -> int:
    """The line of what a complaint is about, or of the nearest thing around it."""
    line = node.start_mark.line
    for step in complaint.path:
        line, node = _into(node, step, line)
    return int(line) + 1


def _into(node: Any, step: str | int, line: int) -> tuple[int, Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return line, None
