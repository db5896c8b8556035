"""The names of experiments, and what is said of a near miss."""
from __future__ import annotations

import pytest
from gitexp.core.errors import Usage
from gitexp.experiment import slug
from hypothesis import given, strategies as st


@pytest.mark.parametrize('name', ['a', 'higher-order', 'x2', '2x', 'a' * 50, 'v1-of-it'])
def test_a_slug_is_taken_as_it_is(name: str) -> None:
    assert slug.check(name) == name


@pytest.mark.parametrize('name, meant', [
    ('Higher Order', 'higher-order'),
    ('higher_order', 'higher-order'),
    ('-higher', 'higher'),
    ('higher--order', 'higher-order'),
    ('Größer', 'groer'),
    ('naïve', 'naive'),
    ('1_ideas/2026-01-31_higher-order.md', 'higher-order'),
    ('exp/higher', 'higher'),
    ('a\nb', 'a-b'),
    ('x' * 49 + '-yz', 'x' * 49),
])
def test_a_near_miss_is_explained_with_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(Usage) as told:
        slug.check(name)

    assert f"'{name}' is not a slug: " in told.value.message
    assert told.value.hint == f"try '{meant}'"


@pytest.mark.parametrize('name', ['', '日本', '---', '..'])
def test_where_nothing_is_near_an_example_is_given(name: str) -> None:
    with pytest.raises(Usage) as told:
        slug.check(name)

    assert told.value.hint == "such as 'higher-order'"


def test_the_name_of_the_trunk_is_kept_for_it() -> None:
    with pytest.raises(Usage, match='what git exp import brings'):
        slug.check('imported')
    with pytest.raises(Usage, match='unchanged trunk'):
        slug.check('baseline')


@given(st.text(max_size=80))
def test_what_is_proposed_is_always_a_slug(text: str) -> None:
    near = slug.near(text)

    assert near == '' or slug.shaped(near)
