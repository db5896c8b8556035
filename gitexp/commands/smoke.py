"""git exp smoke"""
from __future__ import annotations

from gitexp.commands import here, measuring, options, out
from gitexp.commands.declare import command
from gitexp.measure import smoke as measured
from gitexp.measure import subject


@command(measuring.slug, measuring.show, options.as_json)
def smoke(slug: str | None, show: bool | None, as_json: bool) -> None:
    """Run the fast sanity check on the committed tree.

    git exp eval does it by itself on a tree that has not passed. It is no measurement and leaves no row.
    """
    lab = here.lab(afresh=True)
    what = subject.experiment(lab, here.experiment(lab, slug, named=measuring.NAMED))
    with measuring.voice(show) as voice:
        seconds = measured.smoke(lab, what, voice=voice)
    if as_json:
        out.data({'experiment': what.slug, 'commit': what.commit, 'tree': what.tree, 'passed': True, 'seconds': seconds})
    else:
        out.answer(f'{what.slug} passed the smoke test in {seconds:.1f} s')
