"""Evaluating again, with the code of today, what a retired version has trained: was the bug on the side of training or of inference?"""
from __future__ import annotations

from collections.abc import Sequence

from gitexp.core.errors import Failure
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import slug as slugs
from gitexp.experiment import versions
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger.result import Result
from gitexp.measure import evaluate, subject, trained
from gitexp.measure.voice import Voice


class Again(NamedTuple):
    """Each run of then with the run of now, and what ended it early."""

    slug: str
    version: str
    commit: str
    pairs: list[tuple[Result, Result]]
    failure: Failure | None


def evaluate_again(lab: Lab, which: Experiment, version: str, fix: str, *, words: Sequence[str] = (), voice: Voice) -> Again:
    """Run the evaluation alone on what each run of the version has trained; stops at the first that fails.

    The rows compete with nothing: no tree gives what one commit has trained and another evaluates. Raises as `evaluate`, and
    Refused when nothing is left of the training.
    """
    slugs.check(fix, 'name')
    found = trained.of(lab, which, version, fix)
    what = subject.experiment(lab, which)._replace(version=versions.again(version, fix))
    evaluate.refuse_broken_rules(lab, what, say=voice.say)
    pairs: list[tuple[Result, Result]] = []
    failure = None
    with evaluate.session(lab, what, words=words, voice=voice) as held:
        for one in found:
            result, _, failure = held._replace(trained=one).run(one.row.seed)
            pairs.append((one.row, result))
            if failure:
                break
    return Again(which.slug, what.version, what.commit, pairs, failure)
