"""The folders in which Python may look for a module first: beside a program, where it is started, and where it is told to look."""
from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

COMMANDS = ''  # stands for a path among texts: the commands of the lab
MAKE = ('GNUmakefile', 'makefile', 'Makefile')  # in the order in which make looks for them
_SETTINGS = ('pytest.ini', 'pytest.toml', 'pyproject.toml', 'setup.cfg', 'tox.ini')  # by which pytest changes the path
_NO_SHELL = ('.py', *_SETTINGS)
SAYING = ('.ipynb', *_SETTINGS)  # how those are called that are no scripts, and may name folders all the same
_PROGRAMS = ('', '.py', '.pyw', '.pyc', '.so', '.pyd', '.ipynb', '.sh', '.bash', '.zsh', '.mk')
# Not compiled before they are needed, since each takes longer than what is done with it.
_APART = r'\$[({]?\w*[)}]?|[\s;&|()<>{}"\'`=:,]+'
_ARGUMENTS = r'(\.py\b["\']?[ \t])[^;&|\n]*'
_INTO = r'(?:\bcd|\bpushd|(?<!\S)-C|--chdir|--directory)[\s="\']+([^\s;&|"\')]+)'
_PATH = r'PYTHONPATH["\']?[\s=:,]+([^\s;&|]+)'
_MODULE = r'(?<!\S)-m[\s"\',]+([\w.]+)'
_TOLD = ('sys.path', 'addsitedir', 'PYTHONPATH', 'chdir', 'cwd')
_TELLING = r'\bsys\.path\b|\baddsitedir\b|PYTHONPATH|\bchdir\b|\bcwd\b'
_SETTING = r'(?m)^[ \t]*pythonpath[ \t]*=(.*(?:\n[ \t]+\S.*)*)'
_OPEN = r'([(\[{,])[ \t]*\n\s*'  # where a line goes on
_NAMING = r'\s*(?:for\s+)?(\w+)\s*(?::[^=]*)?(?:\+?=(?!=)|in\b)'
_QUOTED = r'["\']([^"\'\n]*)["\']'
_HUB = r'\b(?:import|from)\s+(?:evaluate|datasets)\b'
_OF_HUB = r'(?<=["\'])[\w./-]+(?=["\'])'


class Places:
    """Told from the paths of the fixed files and from what they and the commands say, on the side of too many."""

    def __init__(self, fixed: Collection[str], is_package: Callable[[str], bool], texts: Mapping[str, bytes]) -> None:
        self._fixed = fixed
        self._is_package = is_package
        self._said = texts
        modules = {path: text.decode('utf-8', 'surrogateescape') for path, text in texts.items() if path.endswith(_NO_SHELL)}
        cells = {f'{path}.py': _code(text) for path, text in texts.items() if path.endswith('.ipynb')}
        self._texts = {**modules, **cells, **started(texts)}
        self._around = {'', *(folder for path in fixed if _is_program(path) for folder in above(path))}

    def __iter__(self) -> Iterator[str]:
        return iter(self._around | self.named | {posixpath.dirname(word) for word in self._of_hub})

    def hold(self, folder: str) -> bool:
        """Whether Python may look there first. What is in a package is found there only if a program, or its path, leads there."""
        if folder in self.named or not folder:
            return folder in self.named or folder in self._around
        if folder not in self._around:
            return False
        return not (self._is_package(folder) or self._is_imported(folder)) or folder in self._opened or self._is_started(folder)

    def replace_hub(self, path: str) -> bool:
        """Whether a path is run for what fixed code names: `f1/f1.py` for 'f1', which evaluate and datasets take before a hub's."""
        folder, name = posixpath.split(path)
        if not folder or name != f'{posixpath.basename(folder)}.py':
            return False
        starts = (f'{top}/' for top in self.named)
        return not self._of_hub.isdisjoint([folder, *(folder[len(start):] for start in starts if folder.startswith(start))])

    @cached_property
    def _of_hub(self) -> set[str]:
        """The words in quotes of modules that import evaluate or datasets."""
        texts = (text for path, text in self._texts.items() if path.endswith('.py') and re.search(_HUB, text))
        words = {posixpath.normpath(word) for text in texts for word in re.findall(_OF_HUB, text)}
        return {word for word in words if not word.startswith(('/', '..'))}

    @cached_property
    def named(self) -> set[str]:
        """The folders that commands and scripts name, or whose files they name, among other words."""
        words = {word for path, text in self._texts.items() for word in _words(path, text)}
        return words.union(map(posixpath.dirname, words)) - {''}

    @cached_property
    def later(self) -> set[str]:
        """Folders from which fixed modules are loaded, though Python looks elsewhere before: those of PYTHONPATH, and of `-m`."""
        found: set[str] = set()
        into: set[str] = set()
        for path, text in self._texts.items():
            if not path.endswith(_NO_SHELL):
                into.update(_joined(path, text, re.findall(_INTO, text)))
                found.update(_joined(path, text, (one for said in re.findall(_PATH, text) for one in re.split(_APART, said))))
                ends = [f'/{name.replace(".", "/")}{end}' for name in re.findall(_MODULE, text) for end in ('.py', '/__main__.py')]
                found.update(one[:-len(end)] for one in self._fixed for end in ends if one.endswith(end))
        return found - into - {''}

    @cached_property
    def _opened(self) -> set[str]:
        """The folders of programs that change their path, and those above them."""
        return {
            folder for path, text in self._texts.items() if path.endswith('.py') and ('sys.path' in text or 'addsitedir' in text)
            for folder in above(path)
        }

    def _is_imported(self, folder: str) -> bool:
        """Whether a folder without an __init__ is a package all the same: imported as one, with no program that anything else names.

        pytest looks in each folder of tests that has no __init__.
        """
        name = re.escape(posixpath.basename(folder))
        files = {posixpath.basename(path) for path in self._fixed if posixpath.dirname(path) == folder and _is_program(path)}
        said = rf'(?:(?<!\S)-m|\bfrom|\bimport)[ \t]+(?:[\w.]+\.)?{name}(?:\.\w|[ \t]+import\b)'
        texts = self._texts.values()
        if not any(re.search(said, text) for text in texts) or any(one in text for one in files for text in texts):
            return False
        from gitexp.rules import tested  # Seldom asked.
        return not tested.by_pytest(self._said)

    def _is_started(self, folder: str) -> bool:
        """Whether another program of Python names a program there by its path."""
        inside = [path for path in self._fixed if posixpath.dirname(path) == folder and _is_program(path)]
        return any(path in text for path in inside for other, text in self._texts.items() if other.endswith('.py'))


def started(texts: Mapping[str, bytes]) -> dict[str, str]:
    """The commands, and the scripts that they name or that such scripts name, by path; make finds its own."""
    left = {path: text.decode('utf-8', 'surrogateescape') for path, text in texts.items() if not path.endswith(SAYING)}
    found, new = {}, {COMMANDS: left.pop(COMMANDS, '')}
    while new:
        found.update(new)
        new = {path: left.pop(path) for path in [*left] if any(_starts(other, text, path) for other, text in new.items())}
    return found


def _starts(other: str, text: str, path: str) -> bool:
    """Whether a text may start a script: by its name, as a module, or as what make looks for."""
    name = posixpath.basename(path)
    if name in text or name in MAKE and 'make' in text:
        return True
    module = name[:-len('.py')] if name.endswith('.py') and not other.endswith('.py') else ''
    return bool(module) and (f'-m {module}' in text or f'.{module}' in text)


def _is_program(path: str) -> bool:
    return posixpath.splitext(path)[1] in _PROGRAMS


def above(path: str) -> Iterator[str]:
    """The folders on the way to a path, without the top."""
    while path := posixpath.dirname(path):
        yield path


def _words(path: str, text: str) -> Iterator[str]:
    """What may be a path in a text, from the top; what is handed to a program of Python is none of it."""
    if path.endswith('.py'):
        said: Iterable[str] = _named(text) if any(word in text for word in _TOLD) else []
    elif path.endswith(_SETTINGS):
        said = (word for value in re.findall(_SETTING, text) for word in re.findall(r'[^\s,"\'\[\]]+', value))
    else:
        said = re.split(_APART, re.sub(_ARGUMENTS, r'\1', text))
    return _joined(path, text, said)


def _named(text: str) -> Iterator[str]:
    """What stands in quotes where a program says where to look, and where it makes the names that it says there; together, too."""
    lines = re.sub(_OPEN, r'\1 ', text).splitlines()
    made = {line: found[1] for line in lines if (found := re.match(_NAMING, line))}
    telling = new = {line for line in lines if re.search(_TELLING, line)}
    while new:
        used = {name for line in new for name in re.findall(r'\w+', line)}
        new = {line for line, name in made.items() if name in used} - telling
        telling = telling | new
    for words in (re.findall(_QUOTED, line) for line in telling):
        yield from (*words, '/'.join(words))


def _code(notebook: bytes) -> str:
    """The cells of code in a notebook."""
    import json
    try:
        cells = json.loads(notebook)['cells']
        return '\n'.join(''.join(cell['source']) for cell in cells if cell['cell_type'] == 'code')
    except (ValueError, KeyError, TypeError):
        return ''


def _joined(path: str, text: str, words: Iterable[str]) -> Iterator[str]:
    """Words as paths from the top, from the folder of their script, and from each folder that it changes into."""
    starts = [posixpath.dirname(path)]
    for said in () if path.endswith(_NO_SHELL) else re.findall(_INTO, text):
        starts += [posixpath.join(start, re.split(_APART, said)[-1].lstrip('/')) for start in ('', starts[-1])]
    for word in {word.lstrip('/') for word in words if word}:
        for start in {'', *starts}:
            found = posixpath.normpath(posixpath.join(start, word))
            if found != '.' and not found.startswith('..'):
                yield found
