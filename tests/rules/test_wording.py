"""What a refusal says to do."""
from __future__ import annotations

from pathlib import Path

import rulebook


def test_the_way_back_of_what_grows_loses_no_line_that_was_added(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path, branch='main')
    rulebook.apply(place, 'letter results.tsv; row results.tsv')
    text = (place.path / 'results.tsv').read_text()

    said = place.git('commit', '-m', 'rows', check=False).stderr
    assert 'do:   git restore --staged results.tsv; put back what git diff shows as gone; then add lines at the end' in said
    place.git('restore', '--staged', 'results.tsv')
    assert (place.path / 'results.tsv').read_text() == text


def test_what_a_rule_names_is_not_told_again_for_the_guard(tmp_path: Path) -> None:
    place = rulebook.make(tmp_path, 'guarded', branch='main')
    rulebook.apply(place, 'edit eval.py')
    said = place.git('commit', '-m', 'x', check=False).stderr
    assert said.count('eval.py: changed') == 1
    assert 'guarded' not in said
