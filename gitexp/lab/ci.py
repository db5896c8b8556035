"""The job of a forge that judges pull requests: one file, which is added to what `git exp init` plans."""
from __future__ import annotations

import json
import os
from dataclasses import replace

from gitexp.core.errors import Usage
from gitexp.lab import templates
from gitexp.lab.adopt import Plan, Write
from gitexp.lab.config import FILE

PLACES = {'github': '.github/workflows/gitexp.yml', 'gitlab': '.gitlab/gitexp.yml', 'gitea': '.gitea/workflows/gitexp.yml'}
_INCLUDED = '.gitlab-ci.yml'
_INCLUDE = "include: {local: .gitlab/gitexp.yml}\n"


def files(forge: str, *, trunk: str, source: str | None) -> dict[str, bytes]:
    """The files by path; `source` is what pip installs gitexp from, and without it Usage is raised: no name is sure to be ours."""
    if not source:
        raise Usage('--ci needs --from: what the job installs gitexp from', hint='--from git+https://HOST/PATH@COMMIT, or any URL for pip')
    text, _ = templates.files('ci')[f'{forge}.yml']
    made = text.decode().replace('{trunk}', _word(trunk)).replace('{source}', json.dumps(source, ensure_ascii=False))
    return {PLACES[forge]: made.encode(), **({_INCLUDED: _INCLUDE.encode()} if forge == 'gitlab' else {})}


def added(plan: Plan, forge: str, source: str | None) -> Plan:
    """A plan with the job of a forge; a file that is there is left alone, and what is still to be done is noted."""
    notes, writes = list(plan.notes), []
    for path, text in files(forge, trunk=plan.site.trunk, source=source).items():
        target = plan.site.top / path
        if not os.path.lexists(target):
            writes.append(Write(path, text))
        elif path == _INCLUDED and b'.gitlab/gitexp.yml' not in target.read_bytes():
            notes.append(f"'{path}' is there already; put this line into it: {_INCLUDE.strip()}")
        elif path != _INCLUDED and target.read_bytes() != text:
            notes.append(f"'{path}' is there already, and is left as it is")
    if not any(f'{PLACES[forge]}/'.startswith(f'{one.rstrip("/*")}/') for one in plan.config.rules['frozen']):
        notes.append(f"nothing keeps an experiment from changing the job: name {PLACES[forge]} under frozen in {FILE}")
    stage = dict.fromkeys((*plan.stage, *(write.path for write in writes)))
    return replace(plan, writes=(*plan.writes, *writes), stage=tuple(stage), notes=tuple(notes))


def _word(trunk: str) -> str:
    """A branch for YAML and for the shell, which takes any name that git does but for these."""
    if set(trunk) & set(' \'"`$&;|<>()#%!{}=\\') or trunk.startswith('-'):
        raise Usage(f"the trunk '{trunk}' has signs that do not go into a job", hint='write the job by hand: git exp check rules --ci')
    return trunk
