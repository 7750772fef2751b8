"""What CAs answered, shared between processes: bytes by name, put there by whoever fetched them.

Diagnosis knows no Redis: a `Shelf` is passed in. What comes from it is as untrusted as a download,
and is read and verified like one; what cannot be used is as good as absent. A name holds the scope
of who fetched: a place with another policy neither reads nor overwrites it, so nobody learns
through the shelf what they may not fetch themselves.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

FAILURE_SECONDS = 30.0
"""How long an address that failed is left alone by all: a dead one costs one check its wait."""

_LONGEST_FAULT = 200
_BODY, _FAULT = b"+", b"-"


class Shelf(Protocol):
    """Bytes by name, for a while; neither way ever raises or waits noticeably."""

    async def get(self, name: str) -> bytes | None:
        """What was put there; None when there is nothing, or nobody can say at once."""

    def put(self, name: str, value: bytes, seconds: float) -> None:
        """Keep it for so long, if that can be done; the writing goes on in the background."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an address gave to somebody of the same scope: a body, or the fault in its place."""

    body: bytes = b""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class SharedAnswers:
    """A shelf as one place sees it; `scope` names the place and its policy."""

    shelf: Shelf
    scope: str

    async def find(self, url: str, request: bytes | None = None) -> Found | None:
        """What this address answered (to this request), if somebody asked lately."""
        value = await self.shelf.get(self._name(url, request))
        if not value:
            return None
        if value.startswith(_BODY):
            return Found(value[1:])
        if value.startswith(_FAULT):
            return Found(fault=value[1 : _LONGEST_FAULT + 1].decode(errors="replace"))
        return None

    def keep(self, url: str, body: bytes, seconds: float, request: bytes | None = None) -> None:
        """Share a body that was of use."""
        self.shelf.put(self._name(url, request), _BODY + body, seconds)

    def keep_fault(self, url: str, fault: str, request: bytes | None = None) -> None:
        """Share that an address gave nothing."""
        said = fault.encode()[:_LONGEST_FAULT]
        self.shelf.put(self._name(url, request), _FAULT + said, FAILURE_SECONDS)

    def _name(self, url: str, request: bytes | None) -> str:
        digest = hashlib.sha256()
        for part in (self.scope.encode(), url.encode(errors="replace"), request or b""):
            digest.update(len(part).to_bytes(8) + part)
        return digest.hexdigest()
