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
# Names that only some versions from 3.10 on have, and that anybody might use: of these the evaluation's Python itself is asked.
_SOME_HAVE = """
    aifc annotationlib asynchat asyncore audioop binhex cgi cgitb chunk compression crypt distutils imghdr imp lib2to3 mailcap msilib nis
    nntplib ossaudiodev pipes profiling smtpd sndhdr spwd sunau telnetlib tomllib uu xdrlib
""".split()
# What they import that ours may not have, in the same way: the evaluation's Python may be another.
MODULES = sys.stdlib_module_names.difference(_SOME_HAVE).union("""
    _android_support _apple_support _ast_unparse _bootsubprocess _colorize _crypt _hmac _interpchannels _interpqueues _interpreters
    _ios_support _opcode_metadata _py_warnings _pydatetime _pyrepl _remote_debugging _sha2 _sha256 _sha512 _suggestions _sysconfig _tokenize
    _types _typing _wmi _zstd
""".split())
ALWAYS = ('sitecustomize', 'usercustomize')
