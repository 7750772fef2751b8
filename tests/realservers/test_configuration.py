"""Every line that a step gives for a configuration file is accepted by the program that reads it."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from bot.demo.lab.pki import make_leaf, make_root
from bot.diagnosis.remedies.case import words_of
from bot.diagnosis.remedies.software.entry import Change, Software
from bot.diagnosis.remedies.software.table import BY_CODE
from bot.diagnosis.report import Target
from tests.diagnosis.servers import NOW
from tests.realservers import postgres
from tests.realservers.process import free_place, program

HOST = "server.lab.test"
LINES = (
    Change.INSTALL,
    Change.CHOOSE,
    Change.PROTOCOLS,
    Change.CIPHERS,
    Change.STAPLING,
    Change.TLS_ON,
    Change.STARTTLS,
)
NGINX = """\
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        {files}
        {lines}
    }}
}}
"""
APACHE = """\
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
Listen {port}
{outside}
<VirtualHost *:{port}>
    SSLEngine on
    {files}
    {lines}
</VirtualHost>
"""
HAPROXY = """\
global
    {outside}
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend lab
    {lines}
    http-request return status 200 content-type text/plain string haproxy
"""


def changes(code: str) -> list[Change]:
    """The changes of a software that are lines, or write lines."""
    return [one for one in LINES if BY_CODE[code].recipe(one) is not None]


def cases(*codes: str) -> list[tuple[Software, Change]]:
    """Each change of each software."""
    return [(BY_CODE[code], change) for code in codes for change in changes(code)]


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with a certificate and its key, and the words of a case at a free port."""
    leaf = make_leaf(make_root("Configuration Root", now=NOW), HOST, now=NOW)
    (tmp_path / f"{HOST}.fullchain.pem").write_bytes(leaf.pem)
    (tmp_path / f"{HOST}.crt").write_bytes(leaf.pem)
    (tmp_path / f"{HOST}.chain.pem").write_bytes(leaf.pem)
    (tmp_path / f"{HOST}.key").write_bytes(leaf.key_pem)
    (tmp_path / f"{HOST}.pem").write_bytes(leaf.pem + leaf.key_pem)
    _, port = free_place()
    return tmp_path, words_of(Target(input=HOST, host=HOST, port=port))


def lines_of(software: Software, change: Change, folder: Path, words: dict[str, str]) -> str:
    """The lines as a person pastes them, with this folder's files."""
    recipe = software.recipe(change)
    assert recipe is not None
    text = recipe.lines.format_map(words)
    return re.sub(r"/etc/\w+/(tls|certs)/", f"{folder}/", text)


def accepts(*command: str) -> None:
    """Whether the program finds no fault with the file."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr + ran.stdout


def named(case: tuple[Software, Change]) -> str:
    """What a case is called in the list of tests."""
    return f"{case[0].code}-{case[1].value}"


@pytest.mark.parametrize("case", cases("nginx"), ids=named)
def test_nginx_accepts_it(
    case: tuple[Software, Change], place: tuple[Path, dict[str, str]]
) -> None:
    """`nginx -t` takes each step's lines within a server block."""
    binary = program("nginx")
    folder, words = place
    lines = lines_of(*case, folder, words)
    files = f"ssl_certificate {folder}/{HOST}.crt; ssl_certificate_key {folder}/{HOST}.key;"
    if "ssl_certificate " in lines:
        files = ""
    if "listen" not in lines:
        files += f" listen 127.0.0.1:{words['port']} ssl;"
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, files=files, lines=lines))
    accepts(binary, "-t", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr")


@pytest.mark.parametrize("case", cases("apache", "apache-old"), ids=named)
def test_apache_accepts_it(
    case: tuple[Software, Change], place: tuple[Path, dict[str, str]]
) -> None:
    """`apache2 -t` takes each step's lines, those before the virtual host where they say so."""
    binary = program("apache2")
    folder, words = place
    lines = lines_of(*case, folder, words)
    files = f"SSLCertificateFile {folder}/{HOST}.crt\nSSLCertificateKeyFile {folder}/{HOST}.key"
    if "SSLCertificateFile" in lines:
        files = ""
    outside = "\n".join(one for one in lines.splitlines() if one.startswith("SSLStaplingCache"))
    inside = "\n".join(one for one in lines.splitlines() if not one.startswith("SSLStaplingCache"))
    text = APACHE.format(
        folder=folder, port=words["port"], files=files, lines=inside, outside=outside
    )
    (folder / "apache.conf").write_text(text)
    accepts(binary, "-t", "-f", str(folder / "apache.conf"))


@pytest.mark.parametrize("case", cases("haproxy"), ids=named)
def test_haproxy_accepts_it(
    case: tuple[Software, Change], place: tuple[Path, dict[str, str]]
) -> None:
    """`haproxy -c` takes each step's lines in the section that they name."""
    binary = program("haproxy")
    folder, words = place
    lines = f"bind :{words['port']} ssl crt {folder}/{HOST}.pem"
    outside = ""
    given = lines_of(*case, folder, words)
    if "section global" in given:
        outside = given
    elif "bind" in given:
        lines = given.replace(f"crt {folder}/\n", f"crt {folder}/{HOST}.pem\n")
        only = folder / "certs"
        only.mkdir()
        (only / f"{HOST}.pem").write_bytes((folder / f"{HOST}.pem").read_bytes())
        lines = re.sub(rf"crt {re.escape(str(folder))}/$", f"crt {only}/", lines, flags=re.M)
    (folder / "haproxy.cfg").write_text(HAPROXY.format(outside=outside, lines=lines))
    accepts(binary, "-c", "-f", str(folder / "haproxy.cfg"))


@pytest.mark.parametrize("case", cases("dovecot"), ids=named)
def test_dovecot_accepts_it(
    case: tuple[Software, Change], place: tuple[Path, dict[str, str]]
) -> None:
    """`doveconf` reads each step's lines, and knows every setting in them."""
    binary = program("doveconf")
    folder, words = place
    file = folder / "dovecot.conf"
    file.write_text(f"protocols = imap\n{lines_of(*case, folder, words)}\n")
    accepts(binary, "-n", "-c", str(file))


@pytest.mark.parametrize("case", cases("postfix"), ids=named)
def test_postfix_accepts_it(
    case: tuple[Software, Change], place: tuple[Path, dict[str, str]]
) -> None:
    """`postconf` takes each command, and knows every setting that it wrote."""
    binary = program("postconf")
    program("postmap")
    folder, words = place
    (folder / "main.cf").write_text("compatibility_level = 3.6\n")
    (folder / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    for line in lines_of(*case, folder, words).splitlines():
        program_name, *arguments = shlex.split(line, comments=True) or ("",)
        if program_name == "postconf":
            accepts(binary, "-c", str(folder), *arguments)
    ran = subprocess.run(
        [binary, "-c", str(folder), "-n"], capture_output=True, text=True, check=True
    )
    assert "unused parameter" not in ran.stderr


@pytest.mark.parametrize("case", cases("postgresql"), ids=named)
async def test_postgresql_accepts_it(
    case: tuple[Software, Change], place: tuple[Path, dict[str, str]]
) -> None:
    """The server starts with each step's lines."""
    folder, words = place
    lines = lines_of(*case, folder, words)
    lines = re.sub(r"'\S+\.fullchain\.pem'", "'{certificate}'", lines)
    lines = re.sub(r"'\S+\.key'", "'{key}'", lines)
    if "ssl_cert_file" not in lines:
        lines = f"ssl = on\nssl_cert_file = '{{certificate}}'\nssl_key_file = '{{key}}'\n{lines}"
    pem, key = ((folder / f"{HOST}.{end}").read_bytes() for end in ("crt", "key"))
    async with postgres(pem, key, directives=lines) as server:
        assert server.port
