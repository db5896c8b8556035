"""A request for any remote, as text to mail: what a forge's own interface does elsewhere."""
from __future__ import annotations

import os
import shlex
from pathlib import Path

from gitexp.core import files
from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.submit import push
from gitexp.submit.request import Request

_READABLE = ('-c', 'i18n.logOutputEncoding=UTF-8')  # whatever else is set up for a terminal


class Plain(NamedTuple):
    """`text` is the request and how to merge it, which `path` has too, with the text of `git request-pull` below."""

    path: Path
    text: str


def request(lab: Lab, asked: Request, *, remote: str) -> Plain:
    """Write the request; the same experiment has the same file. Messages and names that are no UTF-8 stay as they are."""
    path = lab.state / 'submit' / f'{asked.slug}.md'
    git = push.place(lab, lab.root, remote=remote)
    text = '\n'.join([asked.body, '## To merge it', '', *_indented(_merge(lab, git, asked, remote)), ''])
    files.replace(path, '\n'.join([text, *_pull(git, asked, remote)]).encode('utf-8', 'surrogateescape'))
    return Plain(path, text)


def _merge(lab: Lab, git: Git, asked: Request, remote: str) -> str:
    url = git.run('ls-remote', '--get-url', remote).text or remote
    source = shlex.quote(os.path.normpath(git.folder / url) if url.startswith('.') else url)
    return push.without_secrets(f'git fetch {source} exp/{asked.slug}\ngit switch {asked.base}\n{push.merging(lab)} {asked.head}')


def _pull(git: Git, asked: Request, remote: str) -> list[str]:
    name = f'refs/heads/exp/{asked.slug}'
    done = git.run(*_READABLE, 'request-pull', asked.since, remote, f'{name}:{name}', env=push.unattended(git))
    if done.code:
        return [f'`git request-pull` said: {push.without_secrets(done.err.strip())}', '']
    return ['## git request-pull', '', *_indented(push.without_secrets(done.text)), '']


def _indented(text: str) -> list[str]:
    return [f'    {line}'.rstrip() for line in text.split('\n')]
