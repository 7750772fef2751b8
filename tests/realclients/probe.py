"""Asks each address of a file ("name TAB host TAB ip TAB port" a line) with Python's own ssl.

Run by any Python, so it keeps to the standard library: prints "name TAB what was seen".
"""

import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPSConnection
from pathlib import Path

CONTEXT = ssl.create_default_context(cafile=sys.argv[2])


class Connection(HTTPSConnection):
    """An HTTPS connection to one address, with the name in SNI and in the check of names."""

    def __init__(self, host: str, ip: str, port: int) -> None:
        super().__init__(host, timeout=2.0, context=CONTEXT)
        self._place = (ip, port)

    def connect(self) -> None:
        """Connect there in place of resolving the name."""
        raw = socket.create_connection(self._place, timeout=2.0)
        self.sock = CONTEXT.wrap_socket(raw, server_hostname=self.host)


def ask(line: str) -> str:
    """What was seen at one address, on one line."""
    name, host, ip, port = line.split("\t")
    connection = Connection(host, ip, int(port))
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        works = "WORKS " if answer.status == 200 else ""
        said = f"{works}HTTP Error {answer.status}: {answer.reason}"
    except (OSError, HTTPException) as error:
        said = f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return name + "\t" + " ".join(said.split())


if __name__ == "__main__":
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(ask, Path(sys.argv[1]).read_text().splitlines()):
            print(found)
