"""What values are measured by: the commands, the metric and the files that no experiment changes."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gitexp.core import digests
from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import APPENDS, FILE, Config
from gitexp.lab.lab import Lab
from gitexp.rules import gate, pattern

_INSTRUCTIONS = 'program.md'  # for agents


class Yardstick(NamedTuple):
    """Frozen and fixed files of the trunk, and inputs that are committed, as path -> (mode, blob).

    `documents` are those that say nothing about a value: gitexp.yaml, whose commands count by themselves, the agents'
    instructions, and what is only appended to. A commit may have them as they were on the trunk when it left it.
    """

    files: Mapping[str, tuple[str, str]]
    documents: Mapping[str, tuple[str, str]]

    def name(self, config: Config, words: Sequence[str] = ()) -> str:
        """The eval_id: a hash of all that makes two values comparable, `words` being added to the command line.

        Of 128 bits, since who evaluates may choose the words.
        """
        said = [
            config.metric.name, config.train.text if config.train else None, config.eval.text, list(words),
            sorted((path, *blob) for path, blob in self.files.items()), *(['sealed'] if config.sealed else []),
        ]
        return digests.sha256(json.dumps(said).encode())[:32]


def of(lab: Lab) -> Yardstick:
    """The yardstick of the trunk."""
    records = [pattern.of(said) for kind in APPENDS for said in lab.config.rules[kind]]
    data = [pattern.of(said) for said in lab.config.inputs]
    files: dict[str, tuple[str, str]] = {}
    documents: dict[str, tuple[str, str]] = {}
    for path, blob in gate.fixed_blobs(lab).items():
        is_record = any(one.covers(path) for one in records) and not any(one.covers(path) for one in data)
        silent = is_record or path in (FILE, _INSTRUCTIONS)
        (documents if silent else files)[path] = blob
    return Yardstick(files, documents)
