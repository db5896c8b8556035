"""Whether wandb is to reach a server, asked as wandb itself asks: the environment, its settings, then a key.

An experiment that tracks does so always: what would make wandb do nothing is refused, having no server is not.
"""
from __future__ import annotations

import configparser
import netrc
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from gitexp.core.errors import Refused

_SERVER = 'https://api.wandb.ai'
_KEYS = ('WANDB_API_KEY', 'WANDB_IDENTITY_TOKEN_FILE')
_YES = ('true', '1', 'yes', 'on')


class Mode(Enum):
    """Offline runs wait in their folders for `wandb sync`."""

    ONLINE = 'online'
    OFFLINE = 'offline'


def of(environ: Mapping[str, str], root: Path) -> Mode:
    """What a run that is started in `root` would do; raises Refused when it would track nothing."""
    settings = _settings(environ, root)
    said = (environ.get('WANDB_MODE') or settings.get('mode', '')).lower()
    if said == 'disabled' or environ.get('WANDB_DISABLED', '').lower() in _YES or settings.get('disabled', '').lower() in _YES:
        raise Refused(
            'wandb is disabled, by WANDB_MODE, WANDB_DISABLED or its settings, and this lab tracks every run',
            hint='offline is fine: export WANDB_MODE=offline',
        )
    if said in ('offline', 'dryrun'):
        return Mode.OFFLINE
    return Mode.ONLINE if _has_key(environ, environ.get('WANDB_BASE_URL') or settings.get('base_url') or _SERVER) else Mode.OFFLINE


def _settings(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """What `wandb offline` and its like have written; what is said in the folder counts before what is said at home."""
    home = Path(environ.get('HOME') or Path.home())
    config = Path(environ.get('WANDB_CONFIG_DIR') or home / '.config' / 'wandb')
    found: dict[str, str] = {}
    for path in (config / 'settings', root / 'wandb' / 'settings'):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path)
        except (configparser.Error, UnicodeDecodeError):
            continue  # wandb does without it too.
        found.update(parser['default'] if parser.has_section('default') else {})
    return found


def _has_key(environ: Mapping[str, str], server: str) -> bool:
    if any(environ.get(name) for name in _KEYS):
        return True
    home = Path(environ.get('HOME') or Path.home())
    try:
        known = netrc.netrc(environ.get('NETRC') or str(home / '.netrc'))
        found = known.authenticators(urlsplit(server).netloc)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return False
    return bool(found and found[2])
