"""The user's pip settings on the host, for a pip inside a container that cannot see them."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import CommandFailed
from ..proc import run

# Where packages come from. Settings that say where they go, or which are wanted, stay out.
_WANTED = frozenset(
    {
        "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert",
        "timeout", "default-timeout",
    }
)  # fmt: skip
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_CERTIFICATES_LIMIT = 4 * 1024 * 1024


def host_settings(env: Mapping[str, str] | None = None) -> tuple[dict[str, str], str]:
    """Variables that make a pip elsewhere use the host's indexes, and the host's certificates.

    --cleanenv takes PIP_* and proxies away, --contain the user's pip.conf, and no image has
    the host's /etc/pip.conf or the certificates of a site's own authority. The certificates are
    PEM text, empty where the user's settings name none.
    """
    known = os.environ if env is None else env
    try:
        listed = run([sys.executable, "-m", "pip", "config", "list"], timeout=60, env=known).stdout
    except CommandFailed:
        listed = ""
    settings = parse_config_list(listed)
    certificate = settings.pop("cert", "")
    variables = {f"PIP_{k.upper().replace('-', '_')}": v for k, v in settings.items()}
    variables |= {name: known[name] for name in _PROXIES if known.get(name)}
    for name in (certificate, *(known.get(name, "") for name in _CERTIFICATES)):
        if name and (text := _read_certificates(Path(name))):
            return variables, text
    return variables, ""


def parse_config_list(text: str) -> dict[str, str]:
    """What `pip config list` prints (`SECTION.KEY=REPR`), the stronger section winning."""
    found: dict[str, str] = {}
    lines = re.findall(r"^(global|install|:env:)\.([a-z-]+)=(.*)$", text, re.MULTILINE)
    for section in ("global", "install", ":env:"):
        for where, key, value in lines:
            if where == section and key in _WANTED:
                try:
                    found[key] = str(ast.literal_eval(value))
                except (ValueError, SyntaxError, MemoryError, RecursionError):
                    continue
    return found


def _read_certificates(path: Path) -> str:
    try:
        if path.stat().st_size > _CERTIFICATES_LIMIT:
            return ""
        text = path.read_text("ascii", "replace")
    except OSError:
        return ""
    return text if "BEGIN" in text else ""
