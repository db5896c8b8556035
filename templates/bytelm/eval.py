"""Scores train.py in bits per byte on files that it has not seen: the frozen half of this lab.

The data are the sources of Python's own standard library. A hash of each file's name decides
whether it is training or held out, a seed picks the training sample, and the opening page of each
held-out file is scored.

train.py runs in a process of its own. That process gets the training sample, answers with all 256
probabilities for the next byte, and is shown the byte only after they were checked. So a model
cannot score by peeking at this process's variables, by replacing its functions, by changing an
answer later, or by printing a metric.

What is not closed: the held-out files lie on the disk of every machine that has Python, and a
train.py that opens them is not stopped. Nor is one that attacks this process through the
operating system. A result that is too good to be true has to be read, not believed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import sysconfig
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

HELD_OUT = 10  # one file in ten
FILE_BYTES = 4_000  # of one file at most, so that no large file dominates a sample
TRAIN_BYTES = 1_200_000
PAGE_BYTES = 768
ANSWER_BYTES = 256 * 8
TOLERANCE = 1e-6

# Generated tables say nothing about language; the others differ from one machine to the next.
SKIPPED = {
    'dist-packages', 'encodings', 'idle_test', 'pydoc_data', 'site-packages', 'sitecustomize.py',
    'test', 'tests',
}
SKIPPED_STARTS = '_sysconfigdata', 'config-'

Files = dict[str, bytes]


class Size(NamedTuple):
    train_bytes: int
    pages: int
    page_bytes: int


FULL = Size(TRAIN_BYTES, sys.maxsize, PAGE_BYTES)
SMOKE = Size(train_bytes=20_000, pages=2, page_bytes=64)


class Score(NamedTuple):
    bits: dict[str, float]
    page_bytes: int
    train_seconds: float
    eval_seconds: float

    @property
    def bpb(self) -> float:
        return math.fsum(self.bits.values()) / (len(self.bits) * self.page_bytes)


def main() -> None:
    options = parse()
    if options.serve:
        return serve()
    files = corpus()
    score = evaluate(files, seed=options.seed, size=SMOKE if options.smoke else FULL)
    if options.smoke:
        return print('smoke passed')
    report(score)
    if 'EXP_OUT' in os.environ:
        save(Path(os.environ['EXP_OUT']), files, score, seed=options.seed)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Score train.py in bits per byte, lower is better.')
    parser.add_argument('--seed', type=int, default=1, help='which training sample (default: 1)')
    parser.add_argument('--smoke', action='store_true', help='only try that train.py works')
    parser.add_argument('--serve', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


# The data


def corpus() -> Files:
    """Read the standard library's sources, by name in order, training and held-out files alike."""
    library = Path(sysconfig.get_paths()['stdlib'])
    names = sorted(path.relative_to(library).as_posix() for path in library.rglob('*.py'))
    files = {name: (library / name).read_bytes() for name in names if not skipped(name)}
    if not files:
        raise SystemExit(f"eval.py: no standard-library sources in '{library}'")
    return files


def skipped(name: str) -> bool:
    return not SKIPPED.isdisjoint(name.split('/')) or name.startswith(SKIPPED_STARTS)


def digest(*parts: object) -> str:
    text = ' '.join(map(str, parts)).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def is_held_out(name: str) -> bool:
    return int(digest(name), 16) % HELD_OUT == 0


def training_sample(files: Files, *, seed: int, limit: int) -> bytes:
    """Join the openings of training files, in an order that the seed decides, up to the limit."""
    names = [name for name in files if not is_held_out(name)]
    names.sort(key=lambda name: digest(seed, name))
    return b''.join(files[name][:FILE_BYTES] for name in names)[:limit]


def held_out_pages(files: Files, size: Size) -> Files:
    """Cut the opening page of each held-out file that is long enough to have one."""
    pages = {
        name: text[:size.page_bytes]
        for name, text in files.items() if is_held_out(name) and len(text) >= size.page_bytes
    }
    return dict(list(pages.items())[:size.pages])


def fingerprint(files: Files) -> str:
    total = hashlib.md5(usedforsecurity=False)
    for name, text in files.items():
        total.update(f'{name} {len(text)}\n'.encode() + text)
    return total.hexdigest()


# The score


def evaluate(files: Files, *, seed: int, size: Size) -> Score:
    data = training_sample(files, seed=seed, limit=size.train_bytes)
    pages = held_out_pages(files, size)
    print(f'corpus of {len(files)} files, {sum(map(len, files.values())):,} bytes, '
          f'md5 {fingerprint(files)}')
    print(f'train on {len(data):,} bytes (seed {seed}), score {len(pages)} held-out files, '
          f'{size.page_bytes:,} bytes each', flush=True)
    started = time.monotonic()
    with learner(data, seed=seed, pages=len(pages)) as model:
        trained = time.monotonic()
        bits = score_pages(model, list(pages.values()))
    return Score(dict(zip(pages, bits)), size.page_bytes,
                 trained - started, time.monotonic() - trained)


def score_pages(model: Learner, pages: list[bytes]) -> list[float]:
    """Sum each page's bits; one round takes a byte of every page, to save trips between processes."""
    bits = [0.0] * len(pages)
    for column in zip(*pages):
        for page, (answer, byte) in enumerate(zip(model.answers(len(pages)), column)):
            bits[page] -= math.log2(probability(answer, byte))
        model.show(bytes(column))
    return bits


def probability(answer: array[float], byte: int) -> float:
    """Check that the answer is a distribution and return what it gives to the byte that came."""
    if not (min(answer) >= 0 and abs(math.fsum(answer) - 1) <= TOLERANCE):
        raise SystemExit('eval.py: train.py gave what is no distribution: '
                         f'sum {math.fsum(answer)}, smallest {min(answer)}')
    if answer[byte] == 0:
        raise SystemExit(f'eval.py: train.py gave probability 0 to byte {byte}, which came next')
    return answer[byte]


def report(score: Score) -> None:
    print(f'val_bpb: {score.bpb:.6f}')
    print(f'train_seconds: {score.train_seconds:.2f}')
    print(f'eval_seconds: {score.eval_seconds:.2f}')


def save(folder: Path, files: Files, score: Score, *, seed: int) -> None:
    metrics = {
        'val_bpb': score.bpb,
        'seed': seed,
        'data_md5': fingerprint(files),
        'python': sys.version.split()[0],
        'train_seconds': score.train_seconds,
        'eval_seconds': score.eval_seconds,
        'bpb_by_file': {name: bits / score.page_bytes for name, bits in score.bits.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'metrics.json').write_text(json.dumps(metrics, indent=2) + '\n')


# The process that train.py runs in


class Learner:
    """train.py's model behind two pipes."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._requests, self._replies = requests, replies

    def teach(self, data: bytes, *, seed: int, pages: int) -> None:
        self._send(f'{seed} {pages} {len(data)}\n'.encode() + data)
        self._receive(1)

    def answers(self, pages: int) -> Iterator[array[float]]:
        """Yield the next byte's distribution for each page."""
        for _ in range(pages):
            yield array('d', self._receive(ANSWER_BYTES))

    def show(self, column: bytes) -> None:
        self._send(column)

    def _send(self, message: bytes) -> None:
        try:
            self._requests.write(message)
            self._requests.flush()
        except BrokenPipeError:
            raise SystemExit('eval.py: train.py ended before its time') from None

    def _receive(self, count: int) -> bytes:
        reply = self._replies.read(count)
        if len(reply) < count:
            raise SystemExit('eval.py: train.py ended before its time')
        return reply


@contextmanager
def learner(data: bytes, *, seed: int, pages: int) -> Iterator[Learner]:
    """Start a process, let it train, and end it."""
    # -B: a cached older train.py of the same size and second would be taken for this one.
    # -u: what train.py prints is passed on at once.
    process = subprocess.Popen(
        [sys.executable, '-Bu', __file__, '--serve'], env=os.environ | {'PYTHONHASHSEED': '0'},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin and process.stdout and process.stderr
    talk = threading.Thread(target=relay, args=[process.stderr], daemon=True)
    talk.start()
    model = Learner(process.stdin, process.stdout)
    try:
        model.teach(data, seed=seed, pages=pages)
        yield model
    finally:
        process.kill()
        process.wait()
        talk.join(timeout=1)


def relay(talk: IO[bytes]) -> None:
    """Pass on what train.py prints, marked, so that no line of it can be read as a metric."""
    for chunk in talk:
        for line in chunk.decode(errors='replace').splitlines():
            print('train.py |', line, file=sys.stderr, flush=True)


def serve() -> None:
    """Train, then answer one round after another until the other side hangs up."""
    requests, replies = private_pipes()
    seed, pages, size = map(int, requests.readline().split())
    from train import train
    model = train(requests.read(size), seed)
    replies.write(b'.')
    replies.flush()
    pasts = [b''] * pages
    while len(pasts) == pages:
        for past in pasts:
            replies.write(answer(model.predict(past)))
        replies.flush()
        pasts = [past + bytes([byte]) for past, byte in zip(pasts, requests.read(pages))]


def answer(distribution: Sequence[float]) -> array[float]:
    if len(distribution) != 256:
        raise ValueError(f'predict() gave {len(distribution)} probabilities, not 256')
    return array('d', distribution)


def private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Take the pipes out of train.py's way: its input is empty, what it prints is talk."""
    requests, replies = os.fdopen(os.dup(0), 'rb'), os.fdopen(os.dup(1), 'wb')
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, replies


if __name__ == '__main__':
    main()
