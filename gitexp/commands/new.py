"""git exp new."""
from __future__ import annotations

import shlex
import time

from gitexp.commands import here, options, out
from gitexp.commands.declare import argument, command, option
from gitexp.experiment import start


@command(
    argument('slug', metavar='SLUG'),
    option('--base', metavar='COMMIT', help='Start from COMMIT, or from another experiment, instead of the trunk.'),
    option('--idea', metavar='TEXT', help='What is tried and why; the goal in PLAN.md.'),
    options.as_json,
)
def new(slug: str, base: str | None, idea: str | None, as_json: bool) -> None:
    """Start an experiment: branch exp/SLUG, its worktree and its folder.

    SLUG is lower-case letters, digits and single hyphens. The first commit holds experiments/SLUG/PLAN.md. Prints the path of
    the worktree. It is all or nothing: what a killed `new` left is taken back by the next command.
    """
    lab = here.lab(install=True)
    made = start.start(lab, slug, now=time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime()), base=base, idea=idea)
    root = made.experiment.root
    if as_json:
        out.data({
            'experiment': slug, 'branch': f'exp/{slug}', 'worktree': str(root), 'folder': str(made.experiment.folder),
            'base': made.base, 'commit': made.commit,
        })
    else:
        out.answer(root)
    if made.warning:
        out.talk(made.warning)
    if base is not None:
        from gitexp.experiment import spoilt
        if found := spoilt.ground(lab, base, made.base):
            out.talk(f"what it starts from is superseded: {found.commit[:10] if found.commit else base} has the bug '{found.bug}'")
    out.hint(f'cd {shlex.quote(str(root))}')
    out.hint(f"its commits begin with the name: git commit -m 'exp({slug}): WHAT CHANGED'")
