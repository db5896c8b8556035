"""What a flag of a verdict means, where the verdict itself does not say it."""
from __future__ import annotations

UNSTABLE = 'unstable'  # a tree scatters more than the others
NOISELESS = 'noiseless'  # every repeat agreed exactly
MEANINGS = {
    UNSTABLE: 'the seeds of one of the two trees differ more than is usual here, and that is taken for the noise',
    NOISELESS: 'every run of a tree gave the same value: does the seed reach the command?',
}


def told(flag: str) -> str:
    """The flag, with what it means unless the reason of the verdict has said so."""
    return f'{flag}: {MEANINGS[flag]}' if flag in MEANINGS else flag
