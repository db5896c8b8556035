"""As much of a wandb server as its client needs: it keeps what it is told of each run, by the run's id."""
from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """`runs` is what clients have upserted; a run has `lines`, the texts that were streamed to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.runs: dict[str, dict[str, Any]] = {}

    @property
    def env(self) -> dict[str, str]:
        return {'WANDB_BASE_URL': f'http://127.0.0.1:{self.server_address[1]}', 'WANDB_API_KEY': '0' * 40}

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up as they like."""

    def answer(self, query: str, said: dict[str, Any]) -> dict[str, Any]:
        """To the operations of GraphQL that the client uses."""
        if 'upsertBucket' in query:
            return {'upsertBucket': {'bucket': self._upserted(said), 'inserted': True}}
        if 'run(name: $name)' in query:
            run = self.runs.get(said['name'])
            return {'project': {'run': run and {**_EMPTY, **run, 'lines': None}}}
        if 'createRunFiles' in query:
            return {'createRunFiles': {'runID': 'x', 'uploadHeaders': [], 'files': [
                {'name': name, 'uploadUrl': f'{self.env["WANDB_BASE_URL"]}/{name}'} for name in said['files']
            ]}}
        if 'viewer' in query:
            return {'viewer': {'id': 'u', 'entity': 'ada', 'username': 'ada', 'flags': '{}', 'teams': {'edges': []}}}
        return {'serverInfo': {'features': []}} if 'serverInfo' in query else {}

    def _upserted(self, said: dict[str, Any]) -> dict[str, Any]:
        name = said.get('name') or said['id']
        run = self.runs.setdefault(name, {'id': name, 'name': name, 'lines': []})
        said = {'displayName' if key == 'display_name' else key: value for key, value in said.items()}
        run.update({key: value for key, value in said.items() if value is not None and key not in ('id', 'name')})
        project = {'id': 'p', 'name': run.get('project', ''), 'entity': {'id': 'e', 'name': 'ada'}}
        return {**_EMPTY, **run, 'lines': None, 'project': project, 'historyLineCount': 0}


_EMPTY = {
    'description': '', 'config': '{}', 'sweepName': None, 'state': 'finished', 'group': None, 'jobType': None, 'commit': None,
    'readOnly': False, 'createdAt': '2026-01-01T00:00:00', 'heartbeatAt': '2026-01-01T00:00:00', 'notes': '', 'systemMetrics': '{}',
    'summaryMetrics': '{}', 'historyLineCount': 0, 'user': {'name': 'ada', 'username': 'ada'}, 'historyKeys': None, 'projectId': '1',
    'tags': [], 'displayName': '',
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        body = gzip.decompress(body) if self.headers.get('Content-Encoding') == 'gzip' else body
        if self.path.endswith('/graphql'):
            asked = json.loads(body)
            self._answer({'data': self.server.answer(asked['query'], asked.get('variables') or {})})
            return
        if self.path.endswith('/file_stream'):
            self.server.runs[self.path.split('/')[-2]]['lines'].append(body.decode())
        self._answer({})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self._answer({})

    do_GET = do_PUT

    def log_message(self, format: str, *words: object) -> None:
        """It is silent."""

    def _answer(self, said: dict[str, Any]) -> None:
        data = json.dumps(said).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
