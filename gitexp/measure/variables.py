"""The variables that every run gets from whoever asks for it: where a machine keeps things, what a cluster gives to a job, and keys.

Almost any other may make some program load code that nobody has named to it, print its numbers in another way or pick its chances, and
no list of those is ever whole. PATH and LD_LIBRARY_PATH say where code comes from as well: clusters and images need them.
"""
from __future__ import annotations

_TABLE = {
    'a person and a machine': """
        HOME USER LOGNAME SHELL HOSTNAME PATH LD_LIBRARY_PATH TMPDIR TMP TEMP TERM COLORTERM NO_COLOR
        XDG_CACHE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR
    """,
    'where data lie': 'SCRATCH WORK XDG_DATA_HOME',
    'how a person counts': """
        TZ LANG LANGUAGE LC_ALL LC_COLLATE LC_CTYPE LC_NUMERIC LC_TIME
    """,
    'the network': """
        http_proxy https_proxy ftp_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY ALL_PROXY
        SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    """,
    'which Python': """
        VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_EXE CONDA_SHLVL MAMBA_ROOT_PREFIX PYENV_ROOT
        UV_CACHE_DIR UV_OFFLINE PYTHONUNBUFFERED PYTHONUTF8 PYTHONNOUSERSITE PYTHONFAULTHANDLER
    """,
    'which Python a shim starts': 'PYENV_VERSION',
    'which GPUs': """
        CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER NVIDIA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES ZE_AFFINITY_MASK
    """,
    'GPUs': """
        CUDA_HOME CUDA_PATH CUDA_CACHE_PATH CUDA_MODULE_LOADING CUDA_MPS_PIPE_DIRECTORY CUDA_MPS_LOG_DIRECTORY
        CUBLAS_WORKSPACE_CONFIG NVIDIA_DRIVER_CAPABILITIES NVIDIA_TF32_OVERRIDE ROCM_PATH HSA_OVERRIDE_GFX_VERSION
    """,
    'pace': """
        CUDA_LAUNCH_BLOCKING JAX_PLATFORMS
        OMP_NUM_THREADS OMP_PROC_BIND OMP_PLACES OMP_DYNAMIC OMP_WAIT_POLICY KMP_AFFINITY KMP_BLOCKTIME MKL_NUM_THREADS MKL_DYNAMIC
        OPENBLAS_NUM_THREADS BLIS_NUM_THREADS NUMEXPR_NUM_THREADS NUMEXPR_MAX_THREADS NUMBA_NUM_THREADS RAYON_NUM_THREADS
        TOKENIZERS_PARALLELISM JULIA_NUM_THREADS
    """,
    'libraries that train': """
        HF_HOME HF_HUB_CACHE HF_HUB_OFFLINE HF_DATASETS_CACHE HF_DATASETS_OFFLINE HF_ENDPOINT TRANSFORMERS_CACHE TRANSFORMERS_OFFLINE
        TORCH_HOME TORCH_LOGS PYTORCH_CUDA_ALLOC_CONF PYTORCH_ALLOC_CONF NLTK_DATA KAGGLEHUB_CACHE
        NCCL_DEBUG NCCL_SOCKET_IFNAME NCCL_P2P_DISABLE NCCL_IB_DISABLE NCCL_IB_HCA GLOO_SOCKET_IFNAME
        JAX_ENABLE_X64 TF_CPP_MIN_LOG_LEVEL TF_FORCE_GPU_ALLOW_GROWTH
    """,
    'tracking': """
        WANDB_MODE WANDB_PROJECT WANDB_ENTITY WANDB_BASE_URL WANDB_DIR WANDB_CACHE_DIR WANDB_SILENT
    """,
    'jobs': 'NSLOTS NHOSTS JOB_ID JOB_NAME PE_HOSTFILE MODULEPATH MODULESHOME LOADEDMODULES',
}
_NAMES = frozenset(name for names in _TABLE.values() for name in names.split())
_BEGIN = ('LC_', 'SLURM_', 'PBS_', 'LSB_', 'LMOD_', 'AWS_', 'AZURE_', 'GOOGLE_', 'XLA_PYTHON_CLIENT_')
_END = ('_API_KEY', '_TOKEN')
# By which a program may take a part of the work only, as one of several that were started together.
_PART = """
    SLURM_PROCID SLURM_LOCALID SLURM_NTASKS SLURM_NPROCS SLURM_CPUS_PER_TASK SLURM_ARRAY_TASK_ID NSLOTS
    PBS_NP PBS_ARRAYID PBS_ARRAY_INDEX LSB_DJOB_NUMPROC LSB_JOBINDEX
""".split()
_PACE = frozenset(_TABLE['pace'].split())
_BENDING = ('where data lie', 'how a person counts', 'which Python a shim starts', 'GPUs', 'pace', 'libraries that train')
_SAID = frozenset(name for group in _BENDING for name in _TABLE[group].split()).union(_PART)
# Folders and files that programs load code from and do not write to. The last line is of those that only gitexp.yaml or a command gives.
CODE = frozenset("""
    LD_LIBRARY_PATH VIRTUAL_ENV CONDA_PREFIX PYENV_ROOT CUDA_HOME CUDA_PATH ROCM_PATH
    MODULEPATH MODULESHOME LMOD_CMD LMOD_DIR LMOD_PKG LMOD_PACKAGE_PATH LMOD_RC
    PYTHONPATH PYTHONHOME LD_PRELOAD R_LIBS R_LIBS_USER R_LIBS_SITE PERL5LIB NODE_PATH JULIA_LOAD_PATH CLASSPATH
""".split())
_OTHER_PLACES = frozenset("""
    HOME PATH TMPDIR TMP TEMP XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR SCRATCH WORK
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE CONDA_EXE MAMBA_ROOT_PREFIX UV_CACHE_DIR CUDA_CACHE_PATH
    HF_HOME HF_HUB_CACHE HF_DATASETS_CACHE TRANSFORMERS_CACHE TORCH_HOME NLTK_DATA KAGGLEHUB_CACHE WANDB_DIR WANDB_CACHE_DIR
    AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE GOOGLE_APPLICATION_CREDENTIALS
""".split())


def is_for_a_run(name: str, *, timed: bool = False) -> bool:
    """Whether every run gets it; with `timed` none gets what says how fast it works."""
    return name in _NAMES and not (timed and name in _PACE) or name.startswith(_BEGIN) or name.endswith(_END)


# Those that every run gets and that say where something lies, as a folder, a file or a list of these.
PLACES = frozenset(filter(is_for_a_run, CODE | _OTHER_PLACES))


def may_bend(name: str) -> bool:
    """Whether a row says its value, since a program that does the same may give another result with it, or be slower."""
    return name in _SAID
