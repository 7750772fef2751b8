"""Real servers as Debian packages them, each with files of its own on a free port of loopback.

`async with nginx(certificate, key) as server:` starts one with these PEM bytes and yields where it
listens; a program that is not installed skips the test and says so. What belongs here is how each
server is configured and started; what is proven with them stands in tests.
"""

from tests.realservers.database import postgres
from tests.realservers.mail import dovecot, postfix
from tests.realservers.process import Listening
from tests.realservers.web import apache, haproxy, nginx

__all__ = ["Listening", "apache", "dovecot", "haproxy", "nginx", "postfix", "postgres"]
