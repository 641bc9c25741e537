# SPDX-License-Identifier: MIT
"""A binary cache on the loopback by http or https: nginx with a configuration of its own.

Only the files of a cache and its manifest are served; a symbolic link inside is refused.
Needs no root, no fixed port and no folder of the system. nginx runs as one process, tied to us: the
workers of a master that is killed would go on.
"""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Optional

from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.base.process import Child

START_SECONDS = 60
NAP_SECONDS = 0.05
ATTEMPTS = 5  # to find a port that stays free

# All paths are relative to the private folder: nothing needs quoting.
CONFIGURATION = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    access_log {log};
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    server {{
        listen {listen};
        root root;
        {tls}
        location = /{token} {{ access_log off; return 204; }}
        location / {{ return 404; }}
        location ~ "{files}" {{
            limit_except GET {{ deny all; }}
            disable_symlinks on from=$document_root{cache};
        }}
        location ~ "{manifests}" {{
            limit_except GET {{ deny all; }}
            disable_symlinks on from=$document_root;
        }}
    }}
}}
"""
# What a binary cache has, and beside it the manifests and what a netboot needs (embed/extract.py). nginx
# resolves `..` before it compares.
FILES = r"^{cache}/(nix-cache-info|[0-9a-z]{{32}}\.(narinfo|ls)|nar/[A-Za-z0-9._/-]+)$"
MANIFESTS = r"^/(guest[a-z-]*\.json|vmlinuz|initrd\.img|boot\.ipxe)$"
TLS = "ssl_certificate certificate.pem; ssl_certificate_key key.pem;"


@dataclass(frozen=True)
class Serving:
    """How to serve. Port 0 is any free one; with a certificate and its key it is https."""

    address: str = "127.0.0.1"
    port: int = 0
    certificate: Optional[str] = None
    certificate_key: Optional[str] = None
    log: Optional[str] = None
    cache: str = ""  # where in the folder the cache is, such as /cache, which may be a link


class CacheServer:
    """Serves the binary cache in a folder until it is closed."""

    def __init__(self, folder: str, private: str, serving: Serving = Serving()) -> None:
        """`private` is an empty folder of ours. Returns when the server answers; Failure(EMULATOR)
        with nginx's own words if it does not."""
        self._private = private
        _make_links(folder, private, serving)
        for _ in range(1 if serving.port else ATTEMPTS):
            self.port = serving.port or _free_port(serving.address)
            host = f"[{serving.address}]" if ":" in serving.address else serving.address
            self.url = f"{'https' if serving.certificate else 'http'}://{host}:{self.port}"
            token = secrets.token_hex(16)
            _configure(private, f"{host}:{self.port}", token, serving)
            self._start()
            if self._answers(f"{self.url}/{token}"):
                return
            self.close()
        raise Failure(Code.EMULATOR, f"nginx does not serve {self.url}: {self.log_tail()}")

    def __enter__(self) -> CacheServer:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _start(self) -> None:
        with open(os.path.join(self._private, "messages"), "wb") as messages:
            self._child = Child(
                [_find_nginx(), "-p", self._private, "-c", "nginx.conf", "-e", "stderr"],
                stdout=messages,
                stderr=messages,
                session=True,
            )

    def _answers(self, url: str) -> bool:
        """Whether it is our nginx that answers, before it ends or the deadline passes."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        deadline = Deadline(START_SECONDS)
        while self._child.runs() and deadline.left() > 0:
            try:
                with opener.open(url, timeout=deadline.left()) as answer:
                    return bool(answer.status == 204)
            except urllib.error.HTTPError:
                return False
            except (OSError, http.client.HTTPException):
                self._child.wait(NAP_SECONDS)
        return False

    def log_tail(self) -> str:
        """What nginx said last, or that it said nothing."""
        path = os.path.join(self._private, "messages")
        with open(path, encoding="utf-8", errors="replace") as messages:
            lines = messages.read().splitlines()
        return lines[-1] if lines else "it said nothing"

    def wait(self) -> None:
        """Waits until nginx ends, which it does not by itself: Failure(EMULATOR) then."""
        self._child.wait()
        raise Failure(Code.EMULATOR, f"nginx ended: {self.log_tail()}")

    def close(self) -> None:
        """Ends nginx; requests under way are broken off."""
        self._child.close()


def _find_nginx() -> str:
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    found = shutil.which("nginx", path=path)
    if not found:
        raise Failure(Code.EMULATOR, "the command nginx is not installed (Debian: nginx)")
    return found


def _free_port(address: str) -> int:
    """One that is free now. Should it be taken a moment later, nginx will say so."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        try:
            listener.bind((address, 0))
        except OSError as error:
            sentence = f"cannot listen on {address}: {error.strerror}"
            raise Failure(Code.EMULATOR, sentence) from error
        return int(listener.getsockname()[1])


def _make_links(folder: str, private: str, serving: Serving) -> None:
    """Everything with a foreign name gets one of ours: so nothing in the configuration is quoted."""
    links = {"root": folder}
    if serving.certificate and serving.certificate_key:
        links["certificate.pem"] = serving.certificate
        links["key.pem"] = serving.certificate_key
    if serving.log:
        links["access.log"] = serving.log
    for name, target in links.items():
        os.symlink(os.path.abspath(target), os.path.join(private, name))


def _configure(private: str, place: str, token: str, serving: Serving) -> None:
    with open(os.path.join(private, "nginx.conf"), "w", encoding="ascii") as file:
        file.write(
            CONFIGURATION.format(
                listen=place + (" ssl" if serving.certificate else ""),
                log="access.log" if serving.log else "off",
                tls=TLS if serving.certificate else "",
                token=token,
                files=FILES.format(cache=serving.cache),
                manifests=MANIFESTS,
                cache=serving.cache,
            )
        )
