"""Who stands behind a commit: a key that signed it, a pusher whom the server knows, or a person at this machine."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Set

from gitexp.core.tuples import NamedTuple
from gitexp.git.command import Git
from gitexp.rules import change, people
from gitexp.rules.meta import Meta

# Nothing that somebody has configured has a say in what a good signature is.
_PROGRAMS = ('gpg.program=gpg', 'gpg.openpgp.program=gpg', 'gpg.ssh.program=ssh-keygen', 'gpg.x509.program=false')
_BY_KEY_OF_OURS = 'Good "git" signature for '
_VALID = '[GNUPG:] VALIDSIG '
_IN_ORDER = re.compile(
    rb'tree \S+\n(?:parent \S+\n)*author .*\ncommitter .*\n(?!(?:.+\n)*(?:(?:tree|parent|author|committer) |gpgsig(?!(?:-sha256)? )))',
)
_SIGNATURE = re.compile(rb'^gpgsig.*\n(?: .*\n)*', re.MULTILINE)
_LISTING = 'list signers in gitexp.yaml, with the hook of the server off while that is pushed (git exp hook remove there)'


class Witness(NamedTuple):
    """What vouches for a person: `humans` and `signers` as gitexp.yaml lists them.

    `mode` is meta mode as the environment of a client has it, None where the environment does not count. `pusher` is the address
    under which a server knows who pushes: '' is nobody, None a server that was not told how to know. What the commit `trunk` reaches
    has been said, and is not said again by a copy. `taken` are branches and commits that a pusher has vouched for before.
    """

    git: Git
    humans: tuple[str, ...]
    signers: tuple[str, ...]
    mode: Meta | None = None
    pusher: str | None = None
    trunk: str = ''
    taken: Set[tuple[str, str]] = frozenset()

    def lacks(self, commit: str, branch: str | None) -> str:
        """What is missing before this very commit counts as a person's on a branch, '' for nothing.

        A signature covers the commit with its parents, so that an amended, picked or rebased one has none.
        """
        if self.signers:
            return self._lacks_signature(commit)
        if self.mode is not None:
            return self._lacks_here(self.mode, commit)
        return '' if branch and (branch, commit) in self.taken else self._lacks_pusher(commit)

    @property
    def way(self) -> str:
        """What a person does about what is missing, '' when it is not in their hands."""
        if self.signers:
            return 'git commit --amend --no-edit -S'
        if self.mode is not None:
            return '' if self.mode.on else 'META_MODE=1 git push'
        return '' if self.humans and self.pusher is not None else _LISTING

    def author(self, commit: str, branch: str | None, said: str) -> str:
        """The author that a commit names, '' where somebody should vouch for it and nobody does."""
        vouched = self.signers or self.pusher is not None
        return '' if vouched and self.lacks(commit, branch) else said

    def _lacks_signature(self, commit: str) -> str:
        if not signed(self.git, self.signers, commit):
            return 'it has no good signature of one of the signers'
        copied = _copied(self.git, commit, self.trunk) if self.trunk else None
        return f'it has the signature of {copied[:10]}, which is on the trunk' if copied else ''

    def _lacks_here(self, mode: Meta, commit: str) -> str:
        if not mode.on:
            return mode.missing or 'meta mode is off here'
        committer = idents(self.git, [commit])[commit][1] if self.humans else ''
        return f"its committer '{committer}' is not one of the humans" if self.humans and not people.named(self.humans, committer) else ''

    def _lacks_pusher(self, commit: str) -> str:
        if not self.humans:
            return 'gitexp.yaml on the trunk has no signers who could have signed it'
        if self.pusher is None:
            return 'only humans are listed: there are no signers, and nothing here tells who pushes'
        if not people.named(self.humans, self.pusher):
            return f"'{self.pusher}', who pushes it, is not one of the humans"
        committer = idents(self.git, [commit])[commit][1]
        return '' if people.named([self.pusher], committer) else f"'{self.pusher}' pushes what '{committer}' has committed"


def signed(git: Git, signers: Iterable[str], commit: str) -> bool:
    """Whether git finds the signature of a commit good and made by one of the signers.

    A commit with its headers in another order than git writes them is not believed: git takes a signature out wherever it stands,
    and would read other parents than were signed. Nor is one with a header that only begins like that of a signature, which git leaves
    out of what is signed.
    """
    if not _IN_ORDER.match(change.contents(git, [commit]).get(commit, b'')):
        return False
    import tempfile  # Costs time, and few commits are asked about.
    listed = list(signers)
    with tempfile.NamedTemporaryFile('w', prefix='signers') as file:
        file.write(''.join(f'{line}\n' for line in listed if ' ' in line))
        file.flush()
        told = (*_PROGRAMS, 'gpg.minTrustLevel=undefined', f'gpg.ssh.allowedSignersFile={file.name}')
        done = git.run(*(word for setting in told for word in ('-c', setting)), 'verify-commit', '--raw', commit)
    return done.code == 0 and any(_is_by(line, {one.upper() for one in listed}) for line in done.err.split('\n'))


def _is_by(line: str, fingerprints: set[str]) -> bool:
    """Whether a line of what git says names a key of ours: git has compared SSH keys, and only found OpenPGP ones valid."""
    words = line.removeprefix(_VALID).split()
    return line.startswith(_BY_KEY_OF_OURS) or line.startswith(_VALID) and not fingerprints.isdisjoint((words[0], words[-1]))


def _copied(git: Git, commit: str, trunk: str) -> str | None:
    """The commit that the trunk has with all that is signed of another one, which may differ in the bytes of its signature alone."""
    data = change.contents(git, [commit])[commit]
    parents = [line.split(' ')[1] for line in data.partition(b'\nauthor ')[0].decode().split('\n')[1:]]
    lines = git.ask('rev-list', '--parents', trunk, *(f'^{parent}' for parent in parents)).text.split('\n')
    beside = [words[0] for words in map(str.split, lines) if words and words[1:] == parents and words[0] != commit]
    return next((oid for oid, other in change.contents(git, beside).items() if _said(other) == _said(data)), None)


def _said(commit: bytes) -> tuple[bytes, bytes]:
    """What a signature covers."""
    header, _, message = commit.partition(b'\n\n')
    return _SIGNATURE.sub(b'', header + b'\n'), message


def idents(git: Git, commits: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Author and committer of each commit, as 'Name <address>'; one process for all."""
    return {oid: (_ident(data, b'author '), _ident(data, b'committer ')) for oid, data in change.contents(git, commits).items()}


def _ident(commit: bytes, header: bytes) -> str:
    line = next((line for line in commit.partition(b'\n\n')[0].split(b'\n') if line.startswith(header)), b'')
    return os.fsdecode(line.removeprefix(header).rpartition(b'>')[0] + b'>') if line else ''
