"""nginx, Apache and HAProxy. `directives` is what a test wants in place of the usual lines."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.realservers.process import Listening, own_folder, program, serving

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address}:{port}{tls};
        {directives}
        return 200 "nginx\\n";
    }}
}}
"""
_NGINX_LINES = "ssl_certificate {certificate};\nssl_certificate_key {key};"

_APACHE = """\
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog /dev/stderr
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
<IfModule !unixd_module>
    LoadModule unixd_module {modules}/mod_unixd.so
</IfModule>
{user}
DocumentRoot {folder}/pages
Listen {address}:{port}
SSLSessionCache none
<VirtualHost *:{port}>
    {directives}
</VirtualHost>
"""
_MODULES = "/usr/lib/apache2/modules"
_APACHE_LINES = "SSLEngine on\nSSLCertificateFile {certificate}\nSSLCertificateKeyFile {key}"

_HAPROXY = """\
global
    maxconn 64
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend lab
    bind {address}:{port}{tls}
    http-request return status 200 content-type text/plain string haproxy
"""
_HAPROXY_LINE = " ssl crt {bundle}"


@asynccontextmanager
async def nginx(
    certificate: bytes,
    key: bytes,
    *,
    directives: str | None = _NGINX_LINES,
    http2: bool = False,
) -> AsyncIterator[Listening]:
    """One server of nginx over TLS.

    Args:
        certificate: The chain that it sends, PEM.
        key: The private key, PEM.
        directives: Lines of its server block, with `{certificate}`, `{key}` and `{folder}`
            filled in; None: plain HTTP.
        http2: It also speaks HTTP/2.
    """
    binary = program("nginx")

    def command(address: str, port: int) -> tuple[str, ...]:
        text = _NGINX.format(
            folder=folder,
            address=address,
            port=port,
            tls="" if directives is None else " ssl http2" if http2 else " ssl",
            directives=_filled(directives, folder),
        )
        (folder / "nginx.conf").write_text(text)
        return (binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr")

    with own_folder(certificate, key) as folder:
        async with serving(folder, command) as listening:
            yield listening


@asynccontextmanager
async def apache(
    certificate: bytes, key: bytes, *, directives: str | None = _APACHE_LINES
) -> AsyncIterator[Listening]:
    """Apache's httpd with one virtual host over TLS; arguments as for `nginx`."""
    binary = program("apache2")
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""

    def command(address: str, port: int) -> tuple[str, ...]:
        text = _APACHE.format(
            folder=folder,
            address=address,
            port=port,
            modules=_MODULES,
            user=user,
            directives=_filled(directives, folder),
        )
        (folder / "apache.conf").write_text(text)
        return (binary, "-D", "FOREGROUND", "-f", str(folder / "apache.conf"))

    with own_folder(certificate, key) as folder:
        pages = folder / "pages"
        pages.mkdir()
        (pages / "index.html").write_text("apache\n")
        async with serving(folder, command) as listening:
            yield listening


@asynccontextmanager
async def haproxy(
    certificate: bytes, key: bytes, *, bind: str | None = _HAPROXY_LINE
) -> AsyncIterator[Listening]:
    """HAProxy with one frontend over TLS.

    Args:
        certificate: The chain that it sends, PEM.
        key: The private key, PEM.
        bind: The end of its `bind` line, with `{bundle}` (certificates and key in one file) and
            what `nginx` fills in; None: plain HTTP.
    """
    binary = program("haproxy")

    def command(address: str, port: int) -> tuple[str, ...]:
        (folder / "bundle.pem").write_bytes(certificate + key)
        text = _HAPROXY.format(address=address, port=port, tls=_filled(bind, folder))
        (folder / "haproxy.cfg").write_text(text)
        return (binary, "-db", "-f", str(folder / "haproxy.cfg"))

    with own_folder(certificate, key) as folder:
        async with serving(folder, command) as listening:
            yield listening


def _filled(lines: str | None, folder: Path) -> str:
    return (lines or "").format(
        certificate=folder / "fullchain.pem",
        key=folder / "key.pem",
        bundle=folder / "bundle.pem",
        folder=folder,
    )
