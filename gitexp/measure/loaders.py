"""The variables by which programs load code that nobody has named to them, what they print cannot be read, or chance is picked.

Not among them: PATH, LD_LIBRARY_PATH and what else says where a machine keeps its programs, libraries and caches (CPATH,
NCCL_NET_PLUGIN, TORCH_EXTENSIONS_DIR, UV_PYTHON, UV_PROJECT_ENVIRONMENT), which compiler is its own (CC, CXX, CFLAGS) or its
person's home: clusters and images need them, and whoever sets them can as well install something else.
"""
from __future__ import annotations

_TABLE = {
    'Python: where modules come from, and what is imported or run first': """
        PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONBREAKPOINT PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONCASEOK
        PYTHONPYCACHEPREFIX PYTHONWARNINGS PYTHONOPTIMIZE PYTHONEXECUTABLE PYTHON_PRESITE __PYVENV_LAUNCHER__
        _PYTHON_SYSCONFIGDATA_NAME PY_SAX_PARSER PYTEST_ADDOPTS PYTEST_PLUGINS
        COVERAGE_PROCESS_START COVERAGE_PROCESS_CONFIG COVERAGE_RCFILE UV_ENV_FILE UV_PROJECT
        RAY_RUNTIME_ENV_HOOK
    """,
    'shells: a file that is read first, what expands when a line is traced, where a name of a folder or a program leads': """
        ENV BASH_ENV SHELLOPTS BASHOPTS PS4 CDPATH EXECIGNORE GLOBIGNORE BASH_LOADABLES_PATH ZDOTDIR FPATH
    """,
    'make, compilers and tools: more of their files or options, or another program for a part of theirs': """
        MAKEFILES MAKEFLAGS GNUMAKEFLAGS GCC_EXEC_PREFIX COMPILER_PATH GOFLAGS RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER
        TAR_OPTIONS BC_ENV_ARGS AWKPATH AWKLIBPATH
    """,
    'the loader and the C library: libraries that come first, and tables of letters that are code': """
        LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES GCONV_PATH GETCONF_DIR
    """,
    'libcrypto: providers and engines, in every Python that imports hashlib or ssl': """
        OPENSSL_CONF OPENSSL_CONF_INCLUDE OPENSSL_MODULES OPENSSL_ENGINES
    """,
    'CUDA, ROCm, OpenMP, MPI and what they are traced by: a library of a tool, in every program that uses them': """
        CUDA_INJECTION32_PATH CUDA_INJECTION64_PATH NVTX_INJECTION32_PATH NVTX_INJECTION64_PATH INTEL_LIBITTNOTIFY32 INTEL_LIBITTNOTIFY64
        INTEL_JIT_PROFILER32 INTEL_JIT_PROFILER64 OMP_TOOL_LIBRARIES HSA_TOOLS_LIB ROCP_TOOL_LIB ROCP_TOOL_LIBRARIES
        OPENCL_VENDOR_PATH OCL_ICD_VENDORS OCL_ICD_FILENAMES OPENCL_LAYERS OMPI_MCA_mca_base_component_path
    """,
    'libraries that read and draw: plug-ins': """
        HDF5_PLUGIN_PATH HDF5_VOL_CONNECTOR HDF5_DRIVER GDAL_DRIVER_PATH GDAL_PYTHON_DRIVER_PATH
        GIO_MODULE_DIR GIO_EXTRA_MODULES GTK_MODULES GTK_PATH
        QT_PLUGIN_PATH QT_QPA_PLATFORM_PLUGIN_PATH GST_PLUGIN_PATH GST_PLUGIN_SYSTEM_PATH GDK_PIXBUF_MODULE_FILE
        MATPLOTLIBRC MAGICK_CODER_MODULE_PATH SDL_DYNAMIC_API VK_LAYER_PATH VK_ADD_LAYER_PATH VK_INSTANCE_LAYERS
    """,
    'other languages: paths of modules, options of their interpreters': """
        PERL5LIB PERLLIB PERL5OPT PERL5DB RUBYLIB RUBYOPT NODE_OPTIONS NODE_PATH NPM_CONFIG_NODE_OPTIONS NPM_CONFIG_SCRIPT_SHELL
        JULIA_LOAD_PATH JULIA_PROJECT R_PROFILE R_PROFILE_USER R_ENVIRON R_ENVIRON_USER R_LIBS R_LIBS_USER R_DEFAULT_PACKAGES
        MATLABPATH OCTAVE_PATH JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS JDK_JAVAC_OPTIONS _JAVA_OPTIONS CLASSPATH DOTNET_STARTUP_HOOKS
        CORECLR_ENABLE_PROFILING CORECLR_PROFILER_PATH PHPRC PHP_INI_SCAN_DIR ERL_FLAGS ERL_LIBS TCLLIBPATH TCL_LIBRARY
    """,
    'the order of what has none: in Perl; for Python see below': """
        PERL_HASH_SEED PERL_PERTURB_KEYS
    """,
}
_NAMES = frozenset(name for names in _TABLE.values() for name in names.split())
_VERSIONED = ('LUA_INIT', 'LUA_PATH', 'LUA_CPATH')  # as in LUA_PATH_5_4
_CHOSEN = {'MPLBACKEND': 'module://'}  # Harmless but where it names a module.


def loads(name: str, value: str) -> bool:
    """Whether a variable makes some program load other code, print what it prints as other bytes, or take what has no order in another."""
    return name in _NAMES or name.startswith(_VERSIONED) or name in _CHOSEN and value.startswith(_CHOSEN[name]) \
        or name == 'PYTHONHASHSEED' and value not in ('', '0') or name == 'PYTHONIOENCODING' and not _readable(value.partition(':')[0])


def _readable(encoding: str) -> bool:
    """Whether the letters of ASCII stay what they are: else no line of the metric is found but one that somebody else has written."""
    letters = bytes(range(128))
    try:
        return not encoding or letters.decode().encode(encoding) == letters
    except (LookupError, ValueError):
        return False
