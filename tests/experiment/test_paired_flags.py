"""Flags that training and inference must have alike."""
from __future__ import annotations

import json

import pytest

import scene
from place import Place

MASK = 'use_mask_input_as_output_without_sam'


@pytest.fixture
def one(lab: Place) -> Place:
    """The folder of an experiment."""
    return lab.at(scene.begin(lab.path, 'one'))


@pytest.mark.parametrize('config, told', [
    ('train: {lr: 1, depth: 4}\ninference: {depth: 4, beam: 2}\n', "'one': 1 flags are in train and inference, and alike"),
    ('train: {depth: 4}\ninfer: {depth: 4.0}\n', "'one': 1 flags are in train and infer, and alike"),
    ('train: {batch: 4}\neval: {batch: 8}\nunpaired_flags: [batch]\n', "'one': 1 flags are in train and eval"),
    ('lr: 0.1\n', "'one' has nothing to compare"),
])
def test_what_agrees_passes(one: Place, config: str, told: str) -> None:
    one.write('config.yaml', config)

    assert one.ok('check', 'config').startswith(told)


def test_a_mismatch_names_both_places(one: Place) -> None:
    one.write('config.yaml', f'train:\n  lr: 0.1\n  model:\n    {MASK}: true\ninference:\n  model:\n    {MASK}: false\n  lr: 0.1\n')

    assert one.exp('check', 'config') == 1
    assert one.said == f"""\
experiments/one/config.yaml:4: 'model.{MASK}' is true in train, and false in inference (experiments/one/config.yaml:7)
    do:   make them equal; or, if that is meant: unpaired_flags: [model.{MASK}]
"""


def test_sections_may_be_files(lab: Place, one: Place) -> None:
    one.write('config.yaml', 'train: [base.yaml, train.yaml]\ninference: infer.json\n')
    one.write('base.yaml', 'depth: 4\n')
    one.write('train.yaml', '\ndropout: 0.1\n')
    one.write('infer.json', '{"depth": 5,\n "dropout": 0.1}')

    assert lab.exp('check', 'config', 'one', '--json') == 1
    said, = json.loads(lab.said)
    assert (said['path'], said['rule']) == ('experiments/one/base.yaml:1', 'paired')
    assert said['message'] == "'depth' is 4 in train, and 5 in inference (experiments/one/infer.json:1)"


@pytest.mark.parametrize('config, told', [
    ('train: {a: 1}\ninference: {b: 1}\npaired_flags: [a, c]\n', [
        "config.yaml:3: 'a' is not in inference; the other side has it at experiments/one/config.yaml:1",
        "config.yaml:3: 'c' is not in train and inference",
    ]),
    ('train: {a: 1}\npaired_flags:\n  - a\n', ['config.yaml:2: there is no section inference']),
    ('train: {a: 1}\ninference: {a: true}\n', ["config.yaml:1: 'a' is 1 in train, and true in inference"]),
])
def test_paired_flags_are_on_both_sides(one: Place, config: str, told: list[str]) -> None:
    one.write('config.yaml', config)

    assert one.exp('check', 'config') == 1
    found = [line for line in one.said.splitlines() if not line.startswith(' ')]
    assert len(found) == len(told) and all(words in line for words, line in zip(told, found))


@pytest.mark.parametrize('config, code, told', [
    (None, 3, "cannot read 'experiments/one/config.yaml': no such file or directory"),
    ('train: [\n', 2, 'experiments/one/config.yaml:2: '),
    ('train: infer.yaml\ninference: {a: 1}\n', 3, "cannot read 'experiments/one/infer.yaml'"),
    ('train: 3\ninference: {a: 1}\n', 2, "experiments/one/config.yaml:1: 'train' is neither a mapping nor a file"),
    ('train: {a: 1}\ninference: {a: 1}\npaired_flags: a\n', 2, "config.yaml:3: 'paired_flags' is not a list"),
])
def test_what_cannot_be_compared_is_said(one: Place, config: str | None, code: int, told: str) -> None:
    if config is not None:
        one.write('config.yaml', config)

    assert one.exp('check', 'config') == code
    assert told in one.talk
