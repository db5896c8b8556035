"""Names of modules that Python looks for by itself."""
from __future__ import annotations

import sys

# What modules of Python 3.10 to 3.13 import though Python does not have it, found by reading all of its sources for imports. Left out
# are its tests, and what it imports only to be asked for by name (pip).
WANTED = (
    'Mailman.MailList', 'Mailman.Message', 'Mailman.Utils', '_winreg', 'docutils.frontend', 'docutils.nodes', 'docutils.parsers.rst',
    'docutils.utils', 'java.lang', 'org.python.core', 'pep517.build', 'pep517.meta', 'vms_lib', 'win32api', 'win32con', 'win32evtlog',
    'win32evtlogutil',
)
ASKED_FOR = frozenset(name.split('.')[0] for name in WANTED)  # outermost names; a folder needs no __init__ to be found
# What they import that only some of these versions have, in the same way: the evaluation's Python may be another than ours.
MODULES = sys.stdlib_module_names.union("""
    _bootsubprocess _colorize _crypt _ios_support _opcode_metadata _pydatetime _pyrepl _sha2 _sha256 _sha512 _sysconfig _tokenize _typing
    _wmi aifc asynchat asyncore audioop chunk imghdr sndhdr uu
""".split())
ALWAYS = ('sitecustomize', 'usercustomize')
