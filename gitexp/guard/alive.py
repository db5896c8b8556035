"""Whether git runs our hooks as they should be: every command looks, and mends what is ours."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator

from gitexp.core.errors import Failure
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.guard import drivers, hooks, stubs
from gitexp.guard.hooks import Site
from gitexp.guard.stubs import Origin
from gitexp.lab.lab import Lab

MISSING = 'missing'
_BEYOND_US = (MISSING, 'environment', 'included', 'server')
_INCLUDES = r'(?i)\[\s*include'
_NAMES_HOOKS = r'(?i)\[core\][^\[]*hookspath|\[\s*include'
_ENVIRONMENT = 'unset GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS, and no git -c core.hooksPath'


class Mended(NamedTuple):
    """What was wrong with the hooks: what is `done` with, what is `left`, and why it could not be mended."""

    done: list[Finding]
    left: list[Finding]
    failure: Failure | None = None


def state(lab: Lab) -> list[Finding]:
    """Name each reason why git would not run our hooks as they should be; in the good state a few looks at files, and no process."""
    site = Site(lab.here or lab.common, lab.common)
    said = lab.settings.get('core.hookspath')
    if lab.is_server:
        return _of_server(lab)
    if not site.folder.is_dir():
        return [_finding('lost', 'the folder of the hooks is gone') if said == str(site.folder) else _missing(lab)]
    found = [] if said == str(site.folder) else list(_silenced(site))
    return [*(found or _in_worktrees(lab, site)), *_files(site, lab)]


def repair(lab: Lab) -> Mended:
    """Mend hooks that are installed here and not as they should be.

    Hooks that are not installed stay so: somebody may have taken them out.
    """
    wrong = state(lab)
    if all(one.rule in _BEYOND_US for one in wrong):
        return Mended([], wrong)
    folder = lab.here or lab.common
    try:
        site = Site.of(folder)
        with hooks.alone(site):
            wrong = state(Lab.find(folder))  # Another command may have mended them while we waited.
            if wrong:
                hooks.put(site)
        left = state(Lab.find(folder))
    except Failure as error:
        return Mended([], wrong, error)
    messages = {one.message for one in left}
    return Mended([one for one in wrong if one.message not in messages], left)


def _of_server(lab: Lab) -> list[Finding]:
    from gitexp.guard import serving  # Few work on the server.
    way = f'{hooks.INSTALL} --server'
    stale = [f"the hook '{name}' is missing or of another version" for name in serving.stale(lab.common)]
    return [Finding('server', serving.FOLDER, says, way=way) for says in (*stale, *serving.elsewhere(lab.common))]


def _missing(lab: Lab) -> Finding:
    server = ' --server' if lab.here is None else ''
    return Finding(MISSING, '.git/exp/hooks', 'the hooks are not installed', way=hooks.INSTALL + server)


def _silenced(site: Site, where: str = '') -> Iterator[Finding]:
    """Who says that git is to look for hooks elsewhere, by what it knows of each place that says so."""
    fields = site.git.run('config', '--null', '--show-scope', '--show-origin', '--get-all', 'core.hooksPath').names
    said = list(zip(fields[::3], fields[1::3], fields[2::3]))
    written = [one for one in said if one[0] != 'command']
    if written != said and not where:
        says = f"your environment silences the hooks: it sets core.hooksPath to '{said[-1][2]}'"
        yield Finding('environment', '.git/exp/hooks', says, way=_ENVIRONMENT)
    scope, origin, value = written[-1] if written else ('', '', '')
    file = site.top / origin.removeprefix('file:')
    if value == str(site.folder):
        return
    if scope in ('local', 'worktree') and os.path.realpath(file) not in map(os.path.realpath, site.configs):
        says = f"the hooks are silenced{where}: core.hooksPath is '{value}' in '{file}', which the configuration includes"
        yield Finding('included', '.git/exp/hooks', says, way=f"git config --file '{file}' --unset-all core.hooksPath")
    else:
        yield _finding('silenced', f'the hooks are silenced{where}: core.hooksPath is {repr(value) if written else "not set"}')


def _in_worktrees(lab: Lab, site: Site) -> Iterator[Finding]:
    """In which other worktree they are silenced; only the repository's own configuration, or a worktree's, can say so of one alone."""
    own = site.configs[1:] if 'extensions.worktreeconfig' in lab.settings else []
    texts = [hooks.text(one) or '' for one in (site.common / 'config', *own)]
    if not re.search(_INCLUDES, texts[0]) and not any(re.search(_NAMES_HOOKS, text) for text in texts[1:]):
        return
    for top in dict.fromkeys(site.tops[1:]):
        if top != site.top and repository.named(top) in (lab.common, *lab.common.glob('worktrees/*')):
            yield from _silenced(site._replace(top=top), f" in '{top}'")


def _files(site: Site, lab: Lab) -> Iterator[Finding]:
    """What is wrong with the files, each against the text that it should have."""
    chained = site.chained(lab.settings.get('gitexp.chained'))
    origin = Origin.read(hooks.text(site.folder / stubs.SHARED) or '')
    if origin is None or origin.chained != chained:
        yield _finding('stale', 'the hooks are of another version')
        return
    if not origin.is_there:
        yield _finding('gone', f"the hooks run a gitexp that is gone ('{origin.package}', '{origin.python}')")
        return
    for name, wanted in stubs.texts(origin, site.passed(chained)).items():
        there = hooks.text(site.folder / name)
        if there is None:
            yield _finding('missing-hook', f"the hook '{name}' is missing")
        elif there != wanted:
            yield _finding('stale', f"the hook '{name}' is {'of another version' if stubs.MARK in there else 'not ours'}")
        elif name != stubs.SHARED and not os.access(site.folder / name, os.X_OK):
            yield _finding('not-executable', f"the hook '{name}' is not executable")
    if not drivers.are_set(lab.settings, origin):
        yield _finding('drivers', 'git does not know how to merge the ledger and the journals')


def _finding(kind: str, message: str) -> Finding:
    return Finding(kind, '.git/exp/hooks', message, way=hooks.INSTALL)
