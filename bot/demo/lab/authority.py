"""The lab's certificate authorities: the trusted hierarchy, its past, and one nobody trusts.

What a scenario can be issued from is here; how a certificate is built is in `pki`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Unpack

from cryptography.hazmat.primitives.asymmetric import rsa

from bot.demo.lab.pki import Fields, Issued, make_intermediate, make_leaf, make_root

DOMAIN = "lab.test"
AIA_HOST = f"aia.{DOMAIN}"


def aia_address(path: str) -> str:
    """The AIA address of a file on the lab's own server."""
    return f"http://{AIA_HOST}/{path}.cer"


class Authority:
    """Every CA of the lab as of one moment. Issuing a leaf is `leaf`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.root = make_root("tlscheck Lab Root CA", now=now)
        self._root_address = [aia_address("lab-root-ca")]
        self.issuing = self._below_root("tlscheck Lab Issuing CA G2")

    def _below_root(self, common_name: str, **changes: Unpack[Fields]) -> Issued:
        fields: Fields = {"ca_issuers": self._root_address, **changes}
        return make_intermediate(self.root, common_name, now=self.now, **fields)

    @cached_property
    def issuing_before(self) -> Issued:
        """The issuing CA of the same name before its renewal: another key, still valid."""
        return self._below_root(
            "tlscheck Lab Issuing CA G2",
            not_before=self.now - timedelta(days=5 * 365),
            not_after=self.now + timedelta(days=300),
        )

    @cached_property
    def unrelated(self) -> Issued:
        """A good issuing CA that has issued none of the lab's leaves."""
        return self._below_root("tlscheck Lab Issuing CA R5")

    @cached_property
    def issuing_expired(self) -> Issued:
        """An older certificate of `reissued`, the same name and key, that ended yesterday."""
        return self._below_root(
            "tlscheck Lab Issuing CA E1",
            key=self.reissued.key,
            not_before=self.now - timedelta(days=5 * 365),
            not_after=self.now - timedelta(days=1),
        )

    @cached_property
    def reissued(self) -> Issued:
        """The valid certificate of that CA, which AIA hands out."""
        return self._below_root("tlscheck Lab Issuing CA E1")

    @cached_property
    def policy(self) -> Issued:
        """A CA between the root and `issuing_deep`."""
        return make_intermediate(
            self.root,
            "tlscheck Lab Policy CA",
            now=self.now,
            path_length=1,
            ca_issuers=self._root_address,
        )

    @cached_property
    def issuing_deep(self) -> Issued:
        """An issuing CA two steps below the root."""
        return make_intermediate(
            self.policy,
            "tlscheck Lab Issuing CA G3",
            now=self.now,
            ca_issuers=[aia_address("lab-policy-ca")],
        )

    @cached_property
    def private_root(self) -> Issued:
        """A company's own root, which is in nobody's trust store."""
        return make_root("Example Corp Internal Root", now=self.now, organization="Example Corp")

    @cached_property
    def private_issuing(self) -> Issued:
        """The issuing CA below `private_root`; it names no AIA address."""
        return make_intermediate(
            self.private_root,
            "Example Corp Internal Issuing CA",
            now=self.now,
            organization="Example Corp",
            policies=[],
        )

    @cached_property
    def newer_root(self) -> Issued:
        """A root that came into the trust stores some years ago: old ones lack it."""
        return make_root("tlscheck Lab Root CA X2", now=self.now)

    @cached_property
    def newer_issuing(self) -> Issued:
        """The issuing CA below `newer_root`; it names no AIA address."""
        return make_intermediate(self.newer_root, "tlscheck Lab Issuing CA X3", now=self.now)

    @cached_property
    def rsa_key(self) -> rsa.RSAPrivateKey:
        """The one RSA key, for servers of an age when nobody had another kind."""
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def leaf(self, host: str, **changes: Unpack[Fields]) -> Issued:
        """A certificate for `host` from the issuing CA, with its AIA address."""
        return self.leaf_from(self.issuing, host, **changes)

    def leaf_from(self, issuer: Issued, host: str, **changes: Unpack[Fields]) -> Issued:
        """A certificate for `host` from `issuer`; AIA names the issuer's file unless changed."""
        fields: Fields = {"ca_issuers": self._address_of(issuer), **changes}
        return make_leaf(issuer, host, now=self.now, **fields)

    def _address_of(self, issuer: Issued) -> list[str]:
        subject = issuer.subject
        return [
            aia_address(path) for path, one in self._published.items() if one.subject == subject
        ]

    @cached_property
    def _published(self) -> Mapping[str, Issued]:
        return {
            "lab-root-ca": self.root,
            "lab-issuing-ca-g2": self.issuing,
            "lab-issuing-ca-r5": self.unrelated,
            "lab-issuing-ca-e1": self.reissued,
            "lab-policy-ca": self.policy,
            "lab-issuing-ca-g3": self.issuing_deep,
        }

    def published(self) -> Mapping[str, bytes]:
        """What the AIA server hands out: path ("/lab-root-ca.cer") to DER."""
        return {f"/{path}.cer": one.der for path, one in self._published.items()}
