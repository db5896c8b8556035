"""What a run cannot write to where the kernel holds it."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from place import CONFIG, Place, powerless
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.run import beyond, fence, mounts
from stories import experiment, rows

held = pytest.mark.skipif(
    fence.around([], said='true', env={}, command='').version is None, reason='this kernel does not offer Landlock',
)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with few others beside it, since what lies beside a lab is allowed one by one."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


@pytest.fixture
def closed(lab: Place) -> Place:
    """A lab whose runs are held, though it lies in a folder for temporary files."""
    lab.git('config', 'gitexp.landlock', 'true')
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', 'sh eval.sh').replace('eval.py', 'eval.sh'))
    lab.write('eval.sh', 'sh try.sh; echo score: 1\n')
    lab.commit('held')
    return lab


def protection(lab: Place) -> list[object]:
    return [json.loads(row['env'])['landlock'] for row in rows(lab)]


@held
@pytest.mark.parametrize('attempt', [
    'echo "forged" >> "$LAB/results.tsv"',
    'rm "$LAB/results.tsv"',
    ': > "$LAB/eval.sh"',
    'mv "$LAB/gitexp.yaml" "$LAB/gitexp.yml"',
    'echo x > "$LAB/new"',
    'echo "#!/bin/sh" > "$LAB/.git/hooks/pre-commit"',
    'echo "{}" > "$LAB/.git/exp/cache/poison.json"',
    'git -C "$LAB" config core.hooksPath /dev/null',
    'git -C "$LAB" update-ref refs/heads/main HEAD~1',
    'git -C "$LAB" commit -q --allow-empty -m x',
    'git update-index --skip-worktree model.py',
    'echo "score = 0" > "$LAB/5_worktrees/other/model.py"',
    'rm -r "$LAB/.git/objects"',
    'ln "$LAB/results.tsv" mine && echo forged >> mine',
    'ln -s "$LAB/results.tsv" mine && echo forged >> mine',
    'setsid sh -c "echo forged >> \\"$LAB/results.tsv\\""',
    'mkdir over && unshare -m mount --bind over "$LAB"',
    'git config --global core.pager cat',
    f'"{sys.executable}" -c "import os; os.truncate(os.environ[\'LAB\'] + \'/results.tsv\', 0)"',
])
def test_nothing_of_the_lab_can_be_written_to(closed: Place, attempt: str) -> None:
    experiment(closed, 'other')
    idea = experiment(closed, try_sh=f'if {attempt}; then touch done; fi; test -e done && echo did: 1\n')
    closed.write('results.tsv', '')
    before = state(closed.path)
    idea.ok('eval', '--seed', '1', LAB=str(closed.path))

    assert json.loads(rows(closed)[0]['metrics']) == {}
    assert state(closed.path) == before


def state(lab: Path) -> dict[str, bytes]:
    names = ['eval.sh', 'gitexp.yaml', '.git/config', '.git/refs/heads/main', '5_worktrees/other/model.py']
    return {name: (lab / name).read_bytes() for name in names} | {'': '\n'.join(sorted(os.listdir(lab))).encode()}


@held
def test_a_run_writes_where_it_may(closed: Place, tmp_path: Path) -> None:
    script = """
        set -e
        echo a > here; mv here there; mkdir -p deep/er; mv there deep/er/; ln deep/er/there linked; rm linked
        echo kept > "$EXP_OUT/kept"; mv "$EXP_OUT/kept" moved; mv moved "$EXP_OUT/kept"
        mkdir -p experiments/idea/results && echo b > experiments/idea/results/b
        mkdir -p "$HOME/.cache/x"; echo d > "$HOME/.cache/x/d"
        echo e > /dev/null; git rev-parse HEAD; git status --short
        echo all: 1
    """
    Path(os.environ['HOME'], '.cache').mkdir()
    idea = experiment(closed, try_sh=script)
    idea.ok('eval', '--seed', '1')

    row, = rows(closed)
    out = idea.path / 'experiments/idea/results' / row['id']
    assert json.loads(row['metrics']) == {'all': 1.0}, (idea.path / 'experiments/idea/exp_log' / f'{row["id"]}.log').read_text()
    assert (out / 'kept').read_text() == 'kept\n' and (out / 'b').exists()
    version, = protection(closed)
    assert isinstance(version, int) and version >= 2


@held
def test_without_any_power_it_holds_too(closed: Place) -> None:
    around = fence.around([closed.path], said='true', env={}, command='').but(closed.path / '.git' / 'exp')
    (closed.path / '.git' / 'exp').mkdir(exist_ok=True)
    script = 'echo x > .git/exp/may; echo x > may; echo x > .git/may'
    program = (
        'import subprocess, sys; from gitexp.run.fence import Fence\n'
        f'Fence({around.version}, "", {around.free!r}).launch(lambda: subprocess.run(["sh", "-c", {script!r}]))'
    )
    subprocess.run([*powerless(), sys.executable, '-c', program], cwd=closed.path, check=True, stderr=subprocess.DEVNULL)

    assert (closed.path / '.git/exp/may').exists()
    assert not (closed.path / 'may').exists() and not (closed.path / '.git/may').exists()


def test_who_does_not_want_it_is_not_held(closed: Place) -> None:
    closed.git('config', 'gitexp.landlock', 'false')
    idea = experiment(closed, try_sh='echo x > "$LAB/written"\n')
    idea.ok('eval', '--seed', '1', LAB=str(closed.path))

    assert protection(closed) == [False] and (closed.path / 'written').exists()


def test_in_a_folder_that_programs_use_it_is_not_done_unasked(closed: Place) -> None:
    closed.git('config', '--unset', 'gitexp.landlock')
    idea = experiment(closed, try_sh='')
    idea.ok('eval', '--seed', '1', TMPDIR=str(closed.path.parent))

    assert protection(closed) == [False]


@held
@pytest.mark.parametrize(('env', 'command', 'why'), [
    ({}, 'python eval.py', ''),
    ({'HOME': '{far}', 'OLDPWD': '{above}', 'PATH': '{above}:/bin'}, 'python eval.py', ''),
    ({'HOME': '{above}'}, 'python eval.py', "the lab is below '{above}', where programs make files"),
    ({'SCRATCH': '{above}/../above'}, 'python eval.py', "the lab is below '{above}', where programs make files"),
    ({}, '/usr/bin/apptainer exec x.sif python eval.py', "'apptainer' mounts, which a program that is held may not"),
])
def test_where_it_would_break_something_it_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], command: str, why: str,
) -> None:
    monkeypatch.setattr(fence, '_TEMPORARY', ())
    above = tmp_path / 'above'
    (above / 'lab').mkdir(parents=True)
    (tmp_path / 'far').mkdir()
    said = {name: value.format(above=above, far=tmp_path / 'far') for name, value in env.items()}

    assert fence.around([above / 'lab'], said=None, env=said, command=command).why == why.format(above=above)
    assert fence.around([above / 'lab'], said='true', env=said, command=command).version


@held
def test_where_much_lies_beside_it_is_not_done_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, '_TEMPORARY', ())
    (tmp_path / 'lab').mkdir()
    for number in range(1001):
        (tmp_path / str(number)).touch()

    unasked = fence.around([tmp_path / 'lab'], said=None, env={}, command='')
    assert unasked == (None, 'more than 1000 files lie beside the lab', ())
    asked = fence.around([tmp_path / 'lab'], said='true', env={}, command='')
    assert asked.version and len(asked.free) > 1000
    with pytest.raises(PermissionError):
        asked.launch(lambda: (tmp_path / '7').write_text('free') and (tmp_path / 'lab/new').touch())


def test_a_link_beside_the_lab_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / 'lab').mkdir()
    (tmp_path / 'beside').mkdir()
    (tmp_path / 'link').symlink_to('lab')
    around = fence.around([tmp_path / 'lab', tmp_path / 'lab' / '.git'], said='true', env={}, command='')

    if around.version:
        assert str(tmp_path / 'beside') in around.free
        assert not {str(tmp_path / 'link'), str(tmp_path / 'lab'), str(tmp_path), '/'} & set(around.free)


@held
def test_who_runs_into_it_is_told(closed: Place) -> None:
    idea = experiment(closed, try_sh='echo x > "$LAB/new" || kill $PPID\n')

    assert idea.exp('eval', '--seed', '1', LAB=str(closed.path)) == 4
    assert 'where it has to elsewhere, a person says: git config gitexp.landlock false' in idea.talk


@held
def test_the_doctor_says_whether_runs_are_held(closed: Place) -> None:
    closed.exp('doctor')
    assert 'runs cannot write to the lab (Landlock ' in closed.said
    closed.git('config', 'gitexp.landlock', 'no')
    closed.exp('doctor')
    assert 'runs can write to the lab: git config gitexp.landlock says so' in closed.said


@held
@pytest.mark.parametrize('name', ['elsewhere/ledger.tsv', 'second'])
def test_the_ledger_is_closed_by_whatever_name(closed: Place, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    ledger = closed.write('results.tsv', '')
    if name == 'second':
        os.link(ledger, path)
    else:
        os.replace(ledger, path)
        ledger.symlink_to(path)
    idea = experiment(closed, try_sh='echo forged >> "$LEDGER" && echo did: 1; echo forged >> "$LAB/results.tsv" && echo did: 1\n')
    idea.ok('eval', '--seed', '1', LEDGER=str(path), LAB=str(closed.path))

    assert json.loads(rows(closed)[0]['metrics']) == {}


def test_what_decides_outside_a_lab_is_known(closed: Place, tmp_path: Path) -> None:
    other = tmp_path / 'other/objects'
    (other / 'info').mkdir(parents=True)
    (other / 'info/alternates').write_text('../third\n')
    (closed.path / '.git/objects/info/alternates').write_text(f'# beside\n{other}\n')
    closed.git('config', 'gitexp.chained', '~/hooks')
    found = beyond.others(Lab.find(closed.path), {'HOME': '/h', 'GIT_CONFIG_GLOBAL': '/g'})

    package = Path(fence.__file__).parents[1]
    wanted = [other, tmp_path / 'other/third', f'{os.environ["HOME"]}/hooks', '/g', '/h/.config/git', '/h/.local/lib', package]
    assert {os.path.realpath(path) for path in wanted} <= set(map(os.path.realpath, found))


def test_of_a_python_of_the_system_the_packages_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usr, local = tmp_path / 'usr', tmp_path / 'usr/local'
    monkeypatch.setattr(beyond, '_OF_ALL', (str(usr), str(local)))
    for place in (usr / 'bin', usr / 'lib/python3', usr / 'lib64/python3.11', usr / 'lib/x', local / 'lib/python3.11'):
        place.mkdir(parents=True)

    assert set(beyond.prefixes(str(usr / 'bin/python3'))) == {
        f'{usr}/lib/python3', f'{usr}/lib64/python3.11', f'{local}/lib/python3.11',
    }


@held
def test_packages_of_the_user_are_closed_to_a_run_where_all_is(closed: Place) -> None:
    local = Path(os.environ['HOME'], '.local')
    (local / 'lib/python3.11/site-packages').mkdir(parents=True)
    (local / 'share').mkdir()
    script = (
        'for place in lib/python3.11/site-packages lib/python3.99 share; do\n'
        'mkdir -p "$HOME/.local/$place/x" && echo "$place: 1"; done\n'
    )
    experiment(closed, try_sh=script).ok('eval', '--seed', '1')

    assert json.loads(rows(closed)[0]['metrics']) == {'share': 1.0}


@held
def test_what_starts_later_programs_of_the_user_is_closed_to_a_run_where_all_is(closed: Place) -> None:
    home = Path(os.environ['HOME'])
    (home.parent / 'scratch/bin').mkdir(parents=True)
    (home / 'bin').symlink_to(home.parent / 'scratch/bin')
    for name in ('dotfiles', '.cache', '.config/fish', '.config/torch', '.local/bin', 'mine/bin', 'mine/data'):
        (home / name).mkdir(parents=True)
    for name in ('.bashrc', 'dotfiles/profile', 'notes'):
        (home / name).touch()
    (home / '.profile').symlink_to('dotfiles/profile')
    shut = ['.bashrc', '.profile', '.bash_profile', '.ssh/rc', '.config/fish/x', '.local/bin/x', 'mine/bin/x', 'new']
    free = ['.cache/x', '.config/torch/x', 'mine/data/x', 'notes', '../scratch/x']
    script = f'cd; mkdir .ssh; for name in {" ".join(shut + free)}; do echo x >> $name && echo $name >> "$EXP_OUT/did"; done\n'
    idea = experiment(closed, try_sh=script)
    idea.ok('eval', '--seed', '1', PATH=f'{os.environ["PATH"]}:{home}/mine/bin')

    did = idea.path / 'experiments/idea/results' / rows(closed)[0]['id'] / 'did'
    assert did.read_text().split() == free


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python of its own in PATH, behind a script that chooses it, and what is installed for it elsewhere."""
    venv.create(tmp_path / 'own', symlinks=True)
    site, = (tmp_path / 'own/lib').glob('*/site-packages')
    for name in ('manager/shims', 'manager/versions', 'sources', 'named', 'linked', 'libraries', 'cache/whole', 'cache/other'):
        (tmp_path / name).mkdir(parents=True)
    (site / 'ours.pth').write_text(f'{tmp_path}/sources\n')
    (site / 'more').symlink_to(tmp_path / 'linked')
    (site / 'whole').mkdir()
    (site / 'whole/__init__.py').symlink_to(tmp_path / 'cache/whole/__init__.py')
    shim = tmp_path / 'manager/shims/python3'
    shim.write_text(f'#!/bin/sh\nexec {tmp_path}/own/bin/python3 "$@"\n')
    shim.chmod(0o755)
    return tmp_path


@held
@pytest.mark.parametrize('eval_', ['python3 score.py', 'cd . && python3 score.py', 'sh ./eval.sh', 'make score', 'OWN/bin/python3 x.py'])
def test_the_python_that_evaluates_is_closed_however_the_command_is_spelled(closed: Place, python: Path, eval_: str) -> None:
    site, = (python / 'own/lib').glob('*/site-packages')
    inside = ('own', 'sources', 'linked', 'named', 'libraries', 'cache/whole', 'manager/versions')
    names = [str(site), *(f'{python}/{name}' for name in inside)]
    tries = f'import os\nfor at in {names!r}:\n    try: open(at + "/x", "w").close()\n    except OSError as error: pass\n'
    path = f'{python}/manager/shims:{os.environ["PATH"]}'
    command = eval_.replace('OWN', str(python / 'own'))
    train = f'train: env PYTHONPATH={python}/named python3 train.py\n'
    closed.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', command) + train)
    closed.write('eval.sh', 'python3 score.py\n')
    closed.write('Makefile', 'score:\n\tpython3 score.py\n')
    for name in ('score', 'x'):
        closed.write(f'{name}.py', 'print("score:", 1)\n')
    closed.commit('however')
    tries += f'open("{python}/cache/other/x", "w").close()\n'
    experiment(closed, train_py=tries).ok('eval', '--seed', '1', PATH=path, LD_LIBRARY_PATH=f':{python}/libraries')

    assert protection(closed) != [False]
    assert [name for name in names if os.path.exists(f'{name}/x')] == []


@held
def test_what_decides_outside_is_closed_where_that_breaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, '_TEMPORARY', ())
    for name in ('lab', 'tools/venv', 'tools/more', 'home/.cache'):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / 'home/.gitconfig').touch()
    others = [str(tmp_path / name) for name in ('tools/venv', 'home/.gitconfig', 'home', 'lab/.venv')] + [str(tmp_path), os.devnull]

    def free(said: str | None) -> set[str]:
        around = fence.around([tmp_path / 'lab'], lambda: others, said=said, env={'HOME': str(tmp_path / 'home')}, command='')
        return {path.removeprefix(f'{tmp_path}/') for path in around.free if path.startswith(str(tmp_path))}
    assert free(None) == {'tools/more', 'home'}
    assert free('true') == {'tools/more', 'home/.cache'}


@held
@pytest.mark.parametrize(('name', 'is_owner', 'is_closed'), [
    ('open', False, True), ('open/kept.py', False, True), ('open/a/new', False, True),
    ('shut', False, False), ('shut/kept.py', False, False), ('shut/a/new', False, False),
    ('shut', True, True), ('shut/kept.py', True, True),
])
def test_what_this_user_could_not_change_need_not_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_owner: bool, is_closed: bool,
) -> None:
    for folder in ('lab', 'tools/open', 'tools/shut'):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'kept.py').touch(0o444)
    shut = {tmp_path / 'tools', tmp_path / 'tools/shut'}
    # Root, who may run this, may write anywhere.
    monkeypatch.setattr(os, 'access', lambda path, mode: Path(path) not in shut and bool(os.stat(path).st_mode & 0o200))
    monkeypatch.setattr(os, 'geteuid', lambda: os.getuid() + (not is_owner))
    around = fence.around([tmp_path / 'lab'], lambda: [str(tmp_path / 'tools' / name)], said='true', env={}, command='')

    assert (str(tmp_path / 'tools') not in around.free) == is_closed


def test_a_folder_that_is_mounted_twice_is_closed_in_both_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of mounts is made up, and links stand for what is mounted."""
    (tmp_path / 'a/lab/.git').mkdir(parents=True)
    for name, target in {'whole': 'a', 'the lab': 'a/lab', 'git': 'a/lab/.git', 'over': 'none', 'far': 'a/lab'}.items():
        (tmp_path / name).symlink_to(target)
    table = tmp_path / 'mountinfo'
    said = [('8:1', '/v', 'a'), ('8:1', '/v', 'whole'), ('8:1', '/v/lab', 'the\\040lab'), ('8:1', '/v/lab/.git', 'git'),
            ('8:1', '/v/lab', 'over'), ('8:2', '/v/lab', 'far')]
    table.write_text(''.join(f'1 0 {device} {root} {tmp_path}/{point} rw - ext4 x rw\n' for device, root, point in said))
    monkeypatch.setattr(mounts, '_TABLE', str(table))

    assert mounts.ways([str(tmp_path / 'a/lab')]) == {f'{tmp_path}/{name}' for name in ('whole/lab', 'the lab', 'git')}


def test_a_configuration_that_a_run_has_written_starts_nothing(repository: Place, tmp_path: Path) -> None:
    program = tmp_path / 'program'
    program.write_text(f'#!/bin/sh\ntouch "{tmp_path}/started"\n')
    program.chmod(0o755)
    repository.git('config', '--global', 'core.fsmonitor', str(program))
    Git(repository.path).ask('status', '--porcelain')
    assert not (tmp_path / 'started').exists()

    repository.git('status', '--porcelain')
    assert (tmp_path / 'started').exists()
