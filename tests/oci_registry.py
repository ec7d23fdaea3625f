"""A registry on loopback with one image, as far as the OCI distribution specification is needed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import re
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class Registry:
    """Serves `group/tiny:TAG`; `requests` holds what was asked, as `METHOD PATH`.

    With `token` it wants one, from its own token service; without `digests` it leaves out the
    header that tells a manifest's digest, as some registries behind proxies do.
    """

    def __init__(self, *, token: str = "", digests: bool = True) -> None:
        self.token = token
        self.digests = digests
        self.blobs: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.requests: list[str] = []
        self.address = ""

    def reference(self, tag: str, scheme: str = "docker") -> str:
        return f"{scheme}://{self.address}/group/tiny:{tag}"

    def push(self, tag: str, files: dict[str, bytes], *, machine: str = "") -> str:
        """Make an image of `files` and the host's shell for one processor; returns its digest.

        The tag names an index, as multi-platform images have it.
        """
        layer = _layer({**_shell(), **files})
        here = _MACHINES.get(platform.machine(), platform.machine())
        place = {"architecture": machine or here, "os": "linux"}
        config = {
            **place,
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(gzip.decompress(layer))]},
        }
        described = [
            self._descriptor("application/vnd.oci.image.config.v1+json", _json(config)),
            self._descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer),
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described[0],
            "layers": described[1:],
        }
        entry = {**self._descriptor(MANIFEST, _json(manifest)), "platform": place}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
        self.tags[tag] = self._keep(_json(index))
        return self.tags[tag]

    def _descriptor(self, kind: str, data: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "digest": self._keep(data), "size": len(data)}

    def _keep(self, data: bytes) -> str:
        self.blobs[_digest(data)] = data
        return _digest(data)


@contextmanager
def serve(registry: Registry) -> Iterator[Registry]:
    """Answer on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, registry)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that goes away is none

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    registry.address = f"127.0.0.1:{server.server_port}"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, registry: Registry) -> None:
    registry.requests.append(f"{handler.command} {handler.path}")
    if handler.path.startswith("/token?"):
        return _send(handler, 200, _json({"token": registry.token}))
    if registry.token and handler.headers.get("Authorization") != f"Bearer {registry.token}":
        realm = f'Bearer realm="http://{registry.address}/token",service="tiny"'
        return _send(handler, 401, b"{}", {"WWW-Authenticate": realm})
    if handler.path == "/v2/":
        return _send(handler, 200, b"{}")
    found = re.fullmatch(r"/v2/group/tiny/(manifests|blobs)/(.+)", handler.path)
    name = found.group(2) if found else ""
    digest = registry.tags.get(name, name)
    if digest not in registry.blobs:
        return _send(handler, 404, _json({"errors": [{"code": "MANIFEST_UNKNOWN"}]}))
    body, headers = registry.blobs[digest], {"Content-Type": "application/octet-stream"}
    if found and found.group(1) == "manifests":
        headers = {"Content-Type": json.loads(body)["mediaType"]}
        if registry.digests:
            headers["Docker-Content-Digest"] = digest
    return _send(handler, 200, body, headers)


def _send(
    handler: BaseHTTPRequestHandler, code: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    handler.send_response(code)
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _shell() -> dict[str, bytes]:
    """/bin/sh and cat with the libraries they are linked to."""
    files = {}
    for program in ("/bin/sh", "/bin/cat"):
        files[program] = Path(program).read_bytes()
        listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            files[library] = Path(library).read_bytes()
    return files


def _layer(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)
