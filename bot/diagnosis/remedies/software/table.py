"""Which software exists, and which is usual where."""

from bot.diagnosis.remedies.software import (
    apache,
    aws,
    azure,
    caddy,
    cloudflare,
    containers,
    desktops,
    dovecot,
    envoy,
    exim,
    gcp,
    haproxy,
    iis,
    java,
    kubernetes,
    languages,
    linux,
    mysql,
    nginx,
    node,
    postfix,
    postgresql,
    tomcat,
    traefik,
)
from bot.diagnosis.remedies.software.entry import Service, Software

# In the order in which the menu lists them.
SOFTWARE: tuple[Software, ...] = (
    nginx.ENTRY,
    apache.ENTRY,
    apache.BEFORE_2_4_8,
    haproxy.ENTRY,
    caddy.ENTRY,
    traefik.ENTRY,
    envoy.ENTRY,
    iis.ENTRY,
    tomcat.ENTRY,
    node.SERVER,
    aws.ALB,
    aws.CLOUDFRONT,
    aws.ACM,
    gcp.ENTRY,
    azure.ENTRY,
    cloudflare.ENTRY,
    kubernetes.INGRESS,
    kubernetes.CERT_MANAGER,
    postfix.ENTRY,
    exim.ENTRY,
    dovecot.ENTRY,
    postgresql.ENTRY,
    mysql.ENTRY,
    linux.DEBIAN,
    linux.RHEL,
    linux.ALPINE,
    java.ENTRY,
    node.CLIENT,
    languages.PYTHON,
    languages.GO,
    containers.DOCKER,
    desktops.WINDOWS,
    desktops.MACOS,
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
