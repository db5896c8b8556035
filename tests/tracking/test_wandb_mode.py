"""Whether wandb reaches a server, said by its environment, its settings or a key."""
from __future__ import annotations

from pathlib import Path

import pytest

from gitexp.core.errors import Refused
from gitexp.tracking import mode
from gitexp.tracking.mode import Mode

KEY = {'WANDB_API_KEY': '0' * 40}
NETRC = 'machine api.wandb.ai\n  login user\n  password 123\n'
HOST = 'machine wandb.lab.example\n  login user\n  password 123\n'
OFF, ON = Mode.OFFLINE, Mode.ONLINE


@pytest.mark.parametrize(('env', 'home', 'here', 'netrc', 'expected'), [
    ({}, '', '', '', OFF),
    (KEY, '', '', '', ON),
    ({**KEY, 'WANDB_MODE': 'offline'}, '', '', '', OFF),
    ({**KEY, 'WANDB_MODE': 'dryrun'}, '', '', '', OFF),
    ({'WANDB_MODE': 'online'}, '', '', '', OFF),
    ({}, '', '', NETRC, ON),
    ({}, '', '', HOST, OFF),
    ({'WANDB_BASE_URL': 'https://wandb.lab.example'}, '', '', HOST, ON),
    ({}, 'base_url = https://wandb.lab.example', '', HOST, ON),
    ({}, '', '', 'machine', OFF),
    (KEY, 'mode = offline', '', '', OFF),
    (KEY, 'mode = offline', 'mode = online', '', ON),
    (KEY, '', 'mode = offline', '', OFF),
    (KEY, 'no settings at all \x00', '', '', ON),
    ({**KEY, 'WANDB_MODE': 'disabled'}, '', '', '', None),
    ({**KEY, 'WANDB_MODE': 'Disabled'}, '', '', '', None),
    ({**KEY, 'WANDB_DISABLED': 'true'}, '', '', '', None),
    (KEY, 'mode = disabled', '', '', None),
    ({**KEY, 'WANDB_MODE': 'offline'}, 'disabled = true', '', '', None),
])
def test_the_mode(env: dict[str, str], home: str, here: str, netrc: str, expected: Mode | None, tmp_path: Path) -> None:
    for path, text in {'home/.config/wandb/settings': home, 'lab/wandb/settings': here}.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(f'[default]\n{text}\n' if '=' in text else text)
    (tmp_path / 'home/.netrc').write_text(netrc)
    environ = {'HOME': str(tmp_path / 'home'), **env}

    if expected is None:
        with pytest.raises(Refused):
            mode.of(environ, tmp_path / 'lab')
    else:
        assert mode.of(environ, tmp_path / 'lab') is expected
