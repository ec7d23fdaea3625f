"""Asking a registry for the digest behind a tag (OCI distribution specification, version 2)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

_SECONDS = 20.0
_TOKEN_LIMIT = 1024 * 1024
# Without the list types a registry answers for one processor's manifest, which is not what the
# tag names.
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """A reference in its parts; `tag` is empty when `digest` is given."""

    text: str
    scheme: str
    registry: str
    repository: str
    tag: str
    digest: str = ""

    def pinned(self, digest: str) -> str:
        """What to pull so that it is `digest` even if the tag moves meanwhile."""
        if self.scheme != "docker" or not digest or self.digest:
            return self.text
        return f"docker://{self.registry}/{self.repository}@{digest}"


def parse_reference(text: str) -> Reference:
    """Split a reference as docker does: `python` is `library/python:latest` of docker.io."""
    scheme, _, rest = text.partition("://")
    rest, _, digest = rest.partition("@")
    first, slash, others = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, others
    else:
        registry, path = ("docker.io" if scheme == "docker" else ""), rest
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, ""
    if registry == "docker.io" and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(
        text, scheme, registry, repository, tag or ("" if digest else "latest"), digest
    )


def registry_digest(reference: Reference, env: Mapping[str, str]) -> str:
    """The manifest's digest, `sha256:…`, or an empty text when the registry does not tell.

    Logins that apptainer or docker has stored are used. Never raises: without a digest the file's
    own serves.
    """
    if reference.digest:
        return reference.digest if _DIGEST.fullmatch(reference.digest) else ""
    if reference.scheme not in ("docker", "oras") or not reference.registry:
        return ""
    try:
        return _ask(reference, env)
    except (OSError, ValueError):  # urllib's errors are OSErrors
        return ""


def _ask(reference: Reference, env: Mapping[str, str]) -> str:
    import urllib.error

    host = "registry-1.docker.io" if reference.registry == "docker.io" else reference.registry
    scheme = "http" if _plain_http(env) else "https"
    url = f"{scheme}://{host}/v2/{quote(reference.repository)}/manifests/{quote(reference.tag)}"
    login = _login(reference.registry, env)
    try:
        return _head(url, "")
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        challenge = error.headers.get("WWW-Authenticate", "")
    kind, _, parameters = challenge.partition(" ")
    if kind.lower() == "basic":
        return _head(url, f"Basic {login}") if login else ""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', parameters))
    realm = urlsplit(fields.get("realm", ""))
    # A login never leaves on a line that others can read.
    if realm.scheme != "https" and scheme == "https":
        return ""
    token = _token(realm.geturl(), fields, reference.repository, login)
    return _head(url, f"Bearer {token}") if token else ""


def _head(url: str, authorization: str) -> str:
    import urllib.request

    headers = {"Accept": _ACCEPT, **({"Authorization": authorization} if authorization else {})}
    request = urllib.request.Request(url, headers=headers, method="HEAD")
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        found = answer.headers.get("Docker-Content-Digest", "")
    return found if _DIGEST.fullmatch(found) else ""


def _token(realm: str, fields: Mapping[str, str], repository: str, login: str) -> str:
    import urllib.request

    query = {"scope": fields.get("scope") or f"repository:{repository}:pull"}
    if "service" in fields:
        query["service"] = fields["service"]
    headers = {"Authorization": f"Basic {login}"} if login else {}
    request = urllib.request.Request(f"{realm}?{urlencode(query)}", headers=headers)
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        found = json.loads(answer.read(_TOKEN_LIMIT))
    token = found.get("token") or found.get("access_token") if isinstance(found, dict) else ""
    return token if isinstance(token, str) else ""


def _plain_http(env: Mapping[str, str]) -> bool:
    # The variables of `apptainer pull --no-https`.
    values = (env.get("APPTAINER_NOHTTPS", ""), env.get("SINGULARITY_NOHTTPS", ""))
    return any(value.lower() in ("1", "t", "true") for value in values)


def _login(registry: str, env: Mapping[str, str]) -> str:
    """`user:password` in base64 as `apptainer registry login` or docker keep it, or nothing."""
    for prefix in ("APPTAINER", "SINGULARITY"):
        user = env.get(f"{prefix}_DOCKER_USERNAME", "")
        password = env.get(f"{prefix}_DOCKER_PASSWORD", "")
        if user and password:
            return base64.b64encode(f"{user}:{password}".encode()).decode()
    home = Path(env.get("HOME") or Path.home())
    keys = {registry, f"https://{registry}"}
    if registry == "docker.io":
        keys |= {"https://index.docker.io/v1/", "index.docker.io"}
    for file in (".apptainer/docker-config.json", ".docker/config.json"):
        try:
            auths = json.loads((home / file).read_text())["auths"]
            stored = [auths[key]["auth"] for key in auths if key in keys]
            for login in stored:
                base64.b64decode(login, validate=True)
                return str(login)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            continue
    return ""
