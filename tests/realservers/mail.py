"""Postfix and Dovecot, each reduced to what changes over to TLS."""

import getpass
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from tests.realservers.process import Listening, own_folder, program, serving

_POSTFIX = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/mail.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.lab.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
smtpd_recipient_restrictions = reject
smtpd_peername_lookup = no
{directives}
"""
# The services that an SMTP session needs; nothing is delivered.
_POSTFIX_SERVICES = """\
{address}:{port} inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
_POSTFIX_LINES = "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {key}, {certificate}"

_DOVECOT = """\
protocols = {protocol}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
listen = {address}
auth_mechanisms = plain
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={internal} gid={internal_group} home={folder}/home
}}
mail_location = maildir:{folder}/home
service {protocol}-login {{
  {chroot}
  inet_listener {protocol} {{
    port = {port}
  }}
  inet_listener {protocol}s {{
    port = 0
  }}
}}
service anvil {{
  {chroot}
}}
service stats {{
  {chroot}
}}
{directives}
"""
_DOVECOT_LINES = "ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}"


@asynccontextmanager
async def postfix(
    certificate: bytes, key: bytes, *, directives: str = _POSTFIX_LINES
) -> AsyncIterator[Listening]:
    """Postfix's SMTP server.

    Args:
        certificate: The chain that it sends, PEM.
        key: The private key, PEM.
        directives: Lines of `main.cf`, with `{certificate}` and `{key}` filled in; "" leaves
            STARTTLS off.
    """
    binary = program("postfix")
    master = program("master", "/usr/lib/postfix/sbin", "/usr/libexec/postfix")
    if os.geteuid() != 0:
        pytest.skip("postfix starts as root only")

    def command(address: str, port: int) -> tuple[str, ...]:
        words = {"folder": folder, "address": address, "port": port}
        filled = directives.format(certificate=folder / "fullchain.pem", key=folder / "key.pem")
        (folder / "main.cf").write_text(_POSTFIX.format(**words, directives=filled))
        (folder / "master.cf").write_text(_POSTFIX_SERVICES.format(**words))
        subprocess.run([binary, "-c", str(folder), "check"], check=False, capture_output=True)
        # `postfix start-fg` goes into a session of its own, where it would outlive the test.
        return (master, "-c", str(folder), "-d")

    with own_folder(certificate, key) as folder:
        (folder / "queue").mkdir()
        data = folder / "data"
        data.mkdir(0o700)
        shutil.chown(data, "postfix")
        async with serving(folder, command) as listening:
            yield listening


@asynccontextmanager
async def dovecot(
    certificate: bytes,
    key: bytes,
    *,
    protocol: Literal["imap", "pop3"] = "imap",
    directives: str = _DOVECOT_LINES,
) -> AsyncIterator[Listening]:
    """Dovecot with one protocol.

    Args:
        certificate: The chain that it sends, PEM.
        key: The private key, PEM.
        protocol: Which of its login services listens.
        directives: Lines of its configuration, with `{certificate}` and `{key}` filled in;
            "ssl = no" turns STARTTLS off.
    """
    binary = program("dovecot")
    program(f"{protocol}-login", "/usr/lib/dovecot")
    root = os.geteuid() == 0
    me = getpass.getuser()

    def command(address: str, port: int) -> tuple[str, ...]:
        text = _DOVECOT.format(
            folder=folder,
            address=address,
            port=port,
            protocol=protocol,
            internal="dovecot" if root else me,
            internal_group="dovecot" if root else me,
            login="dovenull" if root else me,
            chroot="" if root else "chroot =",
            directives=directives.format(
                certificate=folder / "fullchain.pem", key=folder / "key.pem"
            ),
        )
        (folder / "dovecot.conf").write_text(text)
        return (binary, "-F", "-c", str(folder / "dovecot.conf"))

    with own_folder(certificate, key) as folder:
        (folder / "home").mkdir()
        async with serving(folder, command) as listening:
            yield listening
