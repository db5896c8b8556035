"""Named tuples that are quick to make: `typing.NamedTuple`, but that nobody looks at the annotations.

A command makes sixty of them when it starts; looking at their annotations takes longer than reading their modules.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from collections import namedtuple

    class _Maker(type):
        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body['__annotations__']
            made = namedtuple(name, fields, defaults=[body[field] for field in fields if field in body], module=body['__module__'])
            for key, value in body.items():
                if key not in fields and key != '__module__':
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Maker):
        """The base that is named; what is made of it is a tuple."""
