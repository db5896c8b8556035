"""What a row says of the world that its run was made in."""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gitexp
from gitexp.core import files
from gitexp.core.kept import Kept
from gitexp.git.command import Git
from gitexp.lab.config import Config
from gitexp.lab.lab import Lab
from gitexp.ledger.result import METRIC
from gitexp.measure import environment
from gitexp.measure.prepare import Prepared
from gitexp.measure.pythons import Pythons

_NVIDIA = '/proc/driver/nvidia'
_DRIVER = r'\s(\d{3,}\.\d+(?:\.\d+)?)\s'
_MODEL = r'(?m)^Model:\s*(.+?)\s*$'
_SHOWN = 10


def of(lab: Lab, ready: Prepared, pythons: Pythons, *, logs: Path, top: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """What is not in the commit: the machine, the programs and their packages, and the inputs.

    What cannot be told is left out. The list of packages that a row names by its hash is put into the folder `logs` of the
    worktree `top`.
    """
    program = _program(lab.config, ready, pythons, logs, top)
    said: dict[str, Any] = {'gitexp': gitexp.__version__, METRIC: lab.config.metric.name, 'trunk': lab.trunk_commit}
    said.update({**_machine(), **_git(lab, pythons.kept), **program})
    if variables := environment.said(lab):
        said['variables'] = variables
    said.update(graphics())
    pythons.kept.save()
    return {**said, **_inputs(lab, ready, say)}


def graphics(place: str = _NVIDIA) -> dict[str, Any]:
    """The driver and the GPUs of the machine, as the driver itself says."""
    if not os.path.isdir(place):
        return {}
    import glob
    version = re.search(_DRIVER, _text(f'{place}/version'))
    models = [found[1] for path in sorted(glob.glob(f'{place}/gpus/*/information')) if (found := re.search(_MODEL, _text(path)))]
    return {**({'driver': version[1]} if version else {}), **({'machine_gpus': models} if models else {})}


def _machine() -> dict[str, Any]:
    system = os.uname()
    cpus = len(os.sched_getaffinity(0)) if sys.platform == 'linux' else os.cpu_count()
    return {'host': system.nodename, 'system': f'{system.sysname} {system.release} {system.machine}', 'cpus': cpus}


def _git(lab: Lab, kept: Kept) -> dict[str, str]:
    places = (os.path.join(folder, 'git') for folder in os.get_exec_path())
    path = next((path for path in places if os.access(path, os.X_OK)), None)
    return {'git': kept.ask(path, lambda: Git(lab.common).ask('version').text.split()[2])} if path else {}


def _program(config: Config, ready: Prepared, pythons: Pythons, logs: Path, top: Path) -> dict[str, Any]:
    """The program that evaluates; of a Python, its version and its packages."""
    text = config.eval.text
    program = environment.program(text, os.environ, ready.folder)
    said: dict[str, Any] = {'program': program} if program else {}
    found = pythons.evaluating()
    if found:
        from gitexp.measure import packages
        there = packages.installed(found.path)
        cuda = packages.cuda(found.path) if 'torch' in there else None
        name = packages.digest(there)
        _list(logs / f'packages-{name}.txt', packages.lines(there), top)
        said.update(python=found.version, interpreter=found.executable, packages=name)
        said.update({'torch': there['torch']} if 'torch' in there else {})
        said.update({'cuda': cuda} if cuda else {})
    return said


def _list(path: Path, text: str, top: Path) -> None:
    if not path.exists():
        try:
            files.replace(path, text, top=top)
        except OSError:
            pass  # The row has the hash all the same.


def _inputs(lab: Lab, ready: Prepared, say: Callable[[str], None]) -> dict[str, Any]:
    """The md5 of the inputs, and which of them only the experiment has; of those that are committed the name of the evaluation speaks."""
    if not lab.config.inputs:
        return {}
    from gitexp.measure import comparable, data
    if not ready.inputs:
        return {comparable.KEY: data.NONE}
    own, more = list(ready.own_inputs[:_SHOWN]), len(ready.own_inputs) - _SHOWN
    named = own + ([f'and {more} more'] if more > 0 else [])
    digests = data.digests(ready.inputs, Kept(lab.state / 'cache' / 'md5.json'), own=ready.own_inputs, say=say)
    each = {'data': dict(list(digests.each.items())[:_SHOWN])} if len(digests.each) > 1 else {}
    return {'data_md5': digests.whole, comparable.KEY: digests.lab, **each, **({'inputs_of_worktree': named} if named else {})}


def _text(path: str) -> str:
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError:
        return ''
