"""git exp check: judge changes by the rules of the lab."""
from __future__ import annotations

import os
from pathlib import Path

import click

from gitexp.commands import here, options, out
from gitexp.core.errors import Usage
from gitexp.core.finding import Finding
from gitexp.lab.lab import Lab
from gitexp.rules import asked, meta, staged
from gitexp.rules.staged import Index


@click.group()
def check() -> None:
    """Judge changes by the rules of the lab."""


@check.command()
@click.argument('span', metavar='[A..B]', required=False)
@click.option('--staged', 'is_staged', is_flag=True, help='Judge what is staged instead of commits.')
@click.option('--on', 'branch', metavar='BRANCH', help='Judge the commits as those of BRANCH, when B is only a commit.')
@options.as_json
def rules(span: str | None, is_staged: bool, branch: str | None, as_json: bool) -> int:
    """Judge each commit of the range A..B by the rules of the trunk: what B has and A has not.

    Without a range, what HEAD has and the trunk has not. The rules are those of the trunk before the change. Exits 1 when a
    rule is broken, even if a later commit puts it right.
    """
    if is_staged and (span or branch):
        raise Usage('--staged takes no range')
    lab = here.lab()
    found, judged = _staged(lab) if is_staged else _range(lab, span, branch)
    if as_json:
        out.findings(found, as_json=True)
    elif found:
        out.findings(found, as_json=False)
        out.talk(f'{judged}: {len(found)} finding{"s" if len(found) > 1 else ""}')
    else:
        out.answer(f'{judged}: nothing against the rules of {lab.trunk}')
    return 1 if found else 0


def _staged(lab: Lab) -> tuple[list[Finding], str]:
    mode = meta.of(lab.git, lab.trunk_commit, os.environ)
    index = Index.at(lab.here or Path.cwd())
    return staged.findings(lab, index, meta=mode.on), f"what is staged on '{index.branch}'" if index.branch else 'what is staged'


def _range(lab: Lab, said: str | None, branch: str | None) -> tuple[list[Finding], str]:
    chosen = asked.span(lab, said, branch=branch, environment=os.environ)
    count = len(chosen.commits)
    on = f" of '{chosen.branch}'" if chosen.branch else ''
    return chosen.findings(), f'{count} commit{"" if count == 1 else "s"}{on} up to {chosen.tip[:10]}'
