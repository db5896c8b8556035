"""program.md: what it leaves to be filled in, and the metric that it names."""
from __future__ import annotations

import re
from collections.abc import Mapping

from gitexp.core.finding import Finding
from gitexp.lab.config import Metric

FILE = 'program.md'
_SLOT = re.compile(r'\{FILL_IN\b[^}\n]*\}?')
_METRIC = re.compile(r'^(?:[-*] )?\**Metric:?\**:? +(?P<name>.+?) +\((?P<way>lower|higher) is better\)', re.MULTILINE)
_LABELS = {'project': 'Project', 'hypothesis_space': 'Hypothesis space'}
_WAYS = {'min': 'lower', 'max': 'higher'}


def fill(text: str, metric: Metric, prose: Mapping[str, str | None]) -> str:
    """Put in the metric and what is known of 'project' and 'hypothesis_space'; a slot that is not known stays."""
    for name, label in _LABELS.items():
        if said := prose.get(name):
            text = _line(text, label, r'\{FILL_IN[^}\n]*\}', ' '.join(said.split()))
    return _line(text, 'Metric', r'\{FILL_IN[^}\n]*\} +\(lower/higher is better\)', sentence(metric))


def _line(text: str, label: str, slot: str, said: str) -> str:
    return re.sub(rf'^{label}: +{slot}', lambda _: f'{label}: {said}', text, flags=re.MULTILINE)


def sentence(metric: Metric) -> str:
    """Such as 'val_bpb (lower is better)'."""
    return f'{metric.name} ({_WAYS[metric.direction]} is better)'


def check(text: str, metric: Metric) -> list[Finding]:
    """Name each slot that is left, and a metric line that contradicts the configuration."""
    left = [
        Finding('program', f'{FILE}:{number}', f'still to be filled in: {slot}', way=f'write it, then: META_MODE=1 git commit {FILE}')
        for number, line in enumerate(text.splitlines(), 1) for slot in _SLOT.findall(line)
    ]
    return left + _contradiction(text, metric)


def _contradiction(text: str, metric: Metric) -> list[Finding]:
    found = _METRIC.search(text)
    if not found or '{FILL_IN' in found['name']:
        return []
    said = f"{found['name'].strip('`*')} ({found['way']} is better)"
    if said == sentence(metric):
        return []
    line = text.count('\n', 0, found.start('name')) + 1
    return [Finding('program', f'{FILE}:{line}', f"it says '{said}', and gitexp.yaml says '{sentence(metric)}'", way='make the two agree')]
