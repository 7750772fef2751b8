"""No secret of a pasted text comes out again."""

import pytest

from bot.explain import explain
from bot.explain.mask import mask

SECRET = "s3cr3tV4lue0fMine1234"


@pytest.mark.parametrize(
    "text",
    [
        f"curl -H 'Authorization: Bearer {SECRET}' https://a.example/ x509: expired",
        f"Authorization: Basic {SECRET}==",
        f"https://bob:{SECRET}@shop.example.jp/ certificate has expired",
        f"https://shop.example.jp/?access_token={SECRET}&a=1 certificate has expired",
        f'{{"password": "{SECRET}", "error": "certificate has expired"}}',
        f"PGPASSWORD={SECRET} psql: SSL error: certificate verify failed",
        f"Cookie: session={SECRET}; other={SECRET}",
        f"eyJhbGciOi.{SECRET}.{SECRET} certificate has expired",
        f"ghp_{SECRET}{SECRET} certificate has expired",
        f'{{\\"token\\":\\"{SECRET}\\",\\"error\\":\\"certificate has expired\\"}}',
        f"xoxb-{SECRET} certificate has expired",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n",
        f"curl -u bob:{SECRET} https://a.example certificate has expired",
        f"Enter password:\n{SECRET}\nERROR 2026 (HY000): SSL connection error",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    """Tokens, passwords and keys are gone from the text and from the evidence."""
    assert SECRET not in explain(text).model_dump_json()


def test_words_of_errors_stay() -> None:
    """What looks like a keyword and is none is left alone."""
    text = "Basic Constraints of CA cert not marked critical; bearer of news; key values mismatch"
    assert mask(text) == text


@pytest.mark.parametrize("line_break", ["\n", "\\n", " \n", " \\n"])
def test_the_error_after_a_prompt_stays(line_break: str) -> None:
    """A program that asked for a password prints its error on the next line."""
    text = f"Enter LDAP Password:{line_break}ldap_sasl_bind(SIMPLE): Can't contact LDAP server"
    assert mask(text) == text
