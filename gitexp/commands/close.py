"""git exp close."""
from __future__ import annotations

import shlex

from gitexp.commands import here, options, out
from gitexp.commands.declare import command
from gitexp.experiment import close as closing


@command(options.slug, options.as_json)
def close(slug: str | None, as_json: bool) -> None:
    """Remove the worktree of an experiment; keep its branch and its rows.

    SLUG is the experiment whose worktree this is, unless named. Refused, with a list, when there are files that no commit has;
    caches do not count. Results and logs that git ignores are moved to experiments/SLUG/ in root.
    """
    lab = here.lab()
    here_before, root = lab.here, lab.root
    done = closing.close(lab, here.experiment(lab, slug).slug)
    if as_json:
        out.data({
            'experiment': done.experiment, 'branch': f'exp/{done.experiment}', 'worktree': str(done.worktree),
            'outputs': str(done.outputs) if done.outputs else None, 'already': done.already,
        })
    else:
        out.answer(f"'{done.experiment}' {'was closed already' if done.already else 'is closed'}: exp/{done.experiment} and its rows stay")
        if done.outputs:
            out.answer(f'its results and logs: {done.outputs}')
    if here_before == done.worktree:
        out.hint(f'cd {shlex.quote(str(root))}')
