"""Which software exists, and which is usual where."""

from bot.diagnosis.remedies.software import (
    apache,
    dovecot,
    haproxy,
    java,
    linux,
    mysql,
    nginx,
    postfix,
    postgresql,
)
from bot.diagnosis.remedies.software.entry import Service, Software

SOFTWARE: tuple[Software, ...] = (
    nginx.ENTRY,
    apache.ENTRY,
    apache.BEFORE_2_4_8,
    haproxy.ENTRY,
    postfix.ENTRY,
    dovecot.ENTRY,
    postgresql.ENTRY,
    mysql.ENTRY,
    linux.DEBIAN,
    linux.RHEL,
    java.ENTRY,
)
BY_CODE: dict[str, Software] = {one.code: one for one in SOFTWARE}

# Shown when nothing was guessed: as many as can be read through.
DEFAULTS: dict[Service, tuple[str, ...]] = {
    "web": ("nginx", "apache"),
    "smtp": ("postfix",),
    "imap": ("dovecot",),
    "postgres": ("postgresql",),
    "mysql": ("mysql",),
    "other": (),
}
CLIENTS: tuple[str, ...] = ("debian", "rhel")
