"""A push as bytes on the wire: what the protocol allows, and git push never says."""
from __future__ import annotations

import subprocess

from place import Place

NOTHING = '0' * 40


def send(place: Place, server: Place, *commands: str, but: str | None = None, cut: str | None = None) -> str:
    """Send commands 'OLD NEW REF' in their order, with the objects that they need `but` for one; returns what the hook says.

    `cut` is a commit that is told to have no parents, as in a shallow clone.
    """
    tips = {command.split(' ')[1] for command in commands} - {NOTHING}
    there = server.git('for-each-ref', '--format=^%(objectname)').stdout
    listed = place.git('rev-list', '--objects', *tips, *there.split()).stdout.splitlines()
    wanted = [line.split(' ')[0] for line in listed if line.split(' ')[0] != but]
    pack = subprocess.run(
        ['git', 'pack-objects', '--stdout', '-q'], cwd=place.path, input=''.join(f'{oid}\n' for oid in wanted).encode(),
        capture_output=True, check=True,
    ).stdout
    first, *rest = (command.encode() for command in commands)
    lines = [*([b'shallow ' + cut.encode()] if cut else []), first + b'\0report-status delete-refs', *rest]
    told = b''.join(b'%04x%b' % (len(line) + 4, line) for line in lines)
    done = subprocess.run(['git', 'receive-pack', '.'], cwd=server.path, input=told + b'0000' + pack, capture_output=True)
    return done.stderr.decode()
