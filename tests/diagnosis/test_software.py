"""Every software for every cause that it serves: words without gaps, commands that can be pasted."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

import bot
from bot.diagnosis.causes import Cause, Severity
from bot.diagnosis.remedies import fix_for, fix_with, softwares_for
from bot.diagnosis.remedies.case import service_of
from bot.diagnosis.remedies.software.entry import Change, Software
from bot.diagnosis.remedies.software.table import BY_CODE, CLIENTS, DEFAULTS, SOFTWARE
from bot.diagnosis.report import Finding, Fix, Report, Step, Target
from bot.diagnosis.report import Software as Guess
from bot.texts import LANGS, catalogue, phrase_fix
from bot.texts.phrase import phrase_step
from tests.diagnosis.chains import LEAF

NOW = datetime(2026, 5, 6, tzinfo=UTC)
# What nobody is ever told, in any text, command or name of an option.
FORBIDDEN = re.compile(
    r"--insecure|(?<![\w-])-k(?![\w-])|verify\s*=\s*False|NODE_TLS_REJECT_UNAUTHORIZED"
    r"|InsecureSkipVerify|insecure-skip-tls-verify|strict-ssl[ =]+false|http\.sslVerify"
    r"|SSLProxyVerify\s+none|trust-?all|CERT_NONE|verify_mode\s*=\s*0|--no-check-certificate"
    r"|rejectUnauthorized|-verify 0|SkipCertificateCheck|VERIFY_NONE|--trusted-host"
    r"|ssl_verify\s+off|verify none|allow-insecure|sslmode=(disable|allow)",
    re.IGNORECASE,
)
# The options of these programs are not curl's: a keychain, and a key file.
KEYCHAIN = re.compile(
    r"security (add-trusted-cert|add-certificates|import)\b.* -k (~?/Library/\S+)"
)

EVIDENCE: dict[str, JsonValue] = {
    "root": "Example Root",
    "name": "Example CA",
    "product": "Zscaler",
    "odd": "192.0.2.7",
    "allowed": 398,
    "not_after": (NOW + timedelta(days=5)).isoformat(),
    "not_before": (NOW + timedelta(days=1)).isoformat(),
    "root_sent": True,
}
TARGETS = {
    "web": Target(input="shop.example.jp", host="shop.example.jp"),
    "other port": Target(input="x", host="shop.example.jp", port=8443),
    "address": Target(input="x", host="2001:db8::7", port=8443),
    "smtp": Target(input="x", host="mail.example.jp", port=25, starttls="smtp"),
    "imap": Target(input="x", host="mail.example.jp", port=143, starttls="imap"),
    "imaps": Target(input="x", host="mail.example.jp", port=993),
    "postgres": Target(input="x", host="db.example.jp", port=5432, starttls="postgres"),
    "mysql": Target(input="x", host="db.example.jp", port=3306, starttls="mysql"),
    "ldap": Target(input="x", host="ldap.example.jp", port=389, starttls="ldap"),
}
NOT_MENDED = {Cause.NOT_A_TLS_ERROR}


def report_of(
    cause: Cause,
    target: Target,
    *,
    severity: Severity = "critical",
    proven: bool = True,
    guess: str | None = None,
) -> Report:
    """A stored Report with one finding."""
    pem = LEAF.pem.decode() if proven else None
    return Report(
        id="x",
        target=target,
        checked_at=NOW,
        duration_ms=1,
        vantage="here",
        verdict="broken",
        cause=cause,
        findings=(Finding(code=cause, severity=severity, evidence=EVIDENCE),),
        fix=Fix(owner="server", fullchain_pem=pem, proven=proven),
        software=Guess(code=guess) if guess else None,
    )


def software_of(step: Step) -> Software:
    """Whose step it is."""
    return BY_CODE[step.software or ""]


def is_shell(step: Step) -> bool:
    """Whether a shell reads the command (PowerShell and configuration files are for others)."""
    if step.software in (None, "windows", "iis"):
        return step.software is None
    if step.kind == "prove":
        return True
    recipe = software_of(step).recipe(Change(step.code.partition(".")[2]))
    return recipe is not None and recipe.comment is None


@pytest.mark.parametrize("software", SOFTWARE, ids=lambda one: one.code)
def test_every_software_is_whole_for_every_cause(software: Software) -> None:
    """In both languages no text has a gap, and no command a placeholder that is left."""
    served = 0
    for cause in Cause:
        for target in TARGETS.values():
            for severity in ("critical", "warning"):
                report = report_of(cause, target, severity=severity)
                if software.code not in softwares_for(report):
                    continue
                served += 1
                fix = fix_with(report, software.code)
                assert any(one.software == software.code for one in fix.steps)
                assert {one.software for one in fix.steps} <= {None, software.code}
                assert_whole(fix, report)
    assert served


def assert_whole(fix: Fix, report: Report) -> None:
    """Whether it can be read and pasted."""
    for step in fix.steps:
        if step.command is not None:
            assert not re.search(r"\{(host|port|connect|sni|url|file|name)\}|None", step.command)
            assert not FORBIDDEN.search(KEYCHAIN.sub("", step.command)), step.command
    for lang in LANGS:
        for step in phrase_fix(fix, report, lang).steps:
            assert step.title, step.code
            assert step.text, step.code
            for text in (step.title, step.text):
                assert not re.search(r"[{}]|\bNone\b|\bTrue\b", text), (step.code, text)
                assert not re.search(r"—|“”|「」|\(\)|（）|\s{2}|\s[.,;:]", text), (step.code, text)
                assert not FORBIDDEN.search(text), (step.code, text)


def test_shells_read_every_command(tmp_path: Path) -> None:
    """`bash -n` accepts every command that is one for a shell."""
    script = set()
    for cause in Cause:
        for target in TARGETS.values():
            report = report_of(cause, target)
            for code in softwares_for(report):
                for step in fix_with(report, code).steps:
                    if step.command and is_shell(step):
                        script.add(step.command)
    assert len(script) > 100
    for number, one in enumerate(sorted(script)):
        (tmp_path / f"{number:04}.sh").write_text(one + "\n")
    for file in sorted(tmp_path.iterdir()):
        ran = subprocess.run(["bash", "-n", str(file)], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, (file.read_text(), ran.stderr)


@pytest.mark.parametrize("cause", [one for one in Cause if one not in NOT_MENDED])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("proven", [True, False], ids=["proven", "unproven"])
def test_without_a_guess_nobody_is_left_alone(
    cause: Cause, target: Target, *, proven: bool
) -> None:
    """Every cause has steps with words at every port, and at most two software beside each other."""
    report = report_of(cause, target, proven=proven)
    pem = report.fix.fullchain_pem if report.fix else None
    fix = fix_for(cause, report.findings[0], target, pem)
    assert fix is not None
    assert fix.steps
    assert len({one.software for one in fix.steps} - {None}) <= 2
    assert_whole(fix, report)


@pytest.mark.parametrize("cause", [one for one in Cause if one not in NOT_MENDED])
def test_the_last_word_is_a_proof_or_somebody_to_ask(cause: Cause) -> None:
    """What the server's owner mends can be proven, with the line to look for."""
    report = report_of(cause, TARGETS["web"])
    fix = fix_with(report, "")
    for one in fix.steps:
        if one.kind == "prove":
            assert one.command
            assert one.expect
    mends_files = any(one.code.endswith(".install") for one in fix.steps)
    assert not mends_files or any(one.kind == "prove" for one in fix.steps)


def test_the_guess_comes_first() -> None:
    """The menu begins with what was guessed, then the usual ones; without a guess with these."""
    guessed = softwares_for(report_of(Cause.EXPIRED, TARGETS["web"], guess="traefik"))
    assert guessed[:3] == ("traefik", "nginx", "apache")
    assert softwares_for(report_of(Cause.EXPIRED, TARGETS["web"]))[:2] == ("nginx", "apache")
    assert "postfix" not in guessed
    mail = softwares_for(report_of(Cause.EXPIRED, TARGETS["smtp"]))
    assert mail[0] == "postfix"
    assert "nginx" not in mail


def test_a_guess_that_does_not_serve_is_passed_over() -> None:
    """A name that nobody knows, or that cannot do this, gives the usual steps."""
    report = report_of(Cause.DNS_FAILURE, TARGETS["web"], guess="nginx")
    assert softwares_for(report) == ()
    usual = report_of(Cause.EXPIRED, TARGETS["web"])
    assert fix_with(usual, "no such") == fix_with(usual, "postfix") == fix_with(usual, "")


def test_a_stopgap_is_marked_and_not_shown_unasked() -> None:
    """Helping one client is offered in the menu, says what it costs, and leaves the cause named."""
    report = report_of(Cause.MISSING_INTERMEDIATE, TARGETS["web"])
    assert all(one.kind != "stopgap" for one in fix_with(report, "").steps)
    for code in ("debian", "rhel", "alpine", "java", "node", "python", "go", "docker", "windows"):
        assert code in softwares_for(report)
        fix = fix_with(report, code)
        assert [one.kind for one in fix.steps] == ["stopgap", "stopgap", "prove"]
        english = phrase_fix(fix, report, "en").steps[1]
        assert english.title.startswith("Stop-gap")
        assert english.text.startswith("Price: ")
        assert "when the server sends the full chain itself" in english.text
    unproven = report_of(Cause.MISSING_INTERMEDIATE, TARGETS["web"], proven=False)
    assert "debian" not in softwares_for(unproven)


def test_the_lines_of_an_unknown_service_are_general() -> None:
    """For LDAP nobody is told to edit nginx: the step says what to set, without a command."""
    fix = fix_with(report_of(Cause.MISSING_INTERMEDIATE, TARGETS["ldap"]), "")
    assert [one.code for one in fix.steps] == ["save_fullchain", "install_chain", "prove_chain"]


def test_names_are_there_and_unknown_texts_are_not() -> None:
    """Each software has a name in both languages, and no text is for one that does not exist."""
    changes = {*(one.value for one in Change), "prove"}
    for lang in LANGS:
        texts = catalogue(lang)
        assert [one.code for one in SOFTWARE if not texts.has(f"software.{one.code}.name")] == []
        assert [one for one in changes if not texts.has(f"software.{one}.title")] == []
    known = {
        *(f"{one.code}.name" for one in SOFTWARE),
        *(f"{one.code}.{recipe.change.value}" for one in SOFTWARE for recipe in one.recipes),
        *(f"{one}.{part}" for one in changes for part in ("title", "text")),
    }
    catalogue_file = Path(bot.__file__).parent / "texts" / "en" / "software.po"
    keys = re.findall(r'^msgid "software\.(.+)"$', catalogue_file.read_text("utf-8"), re.MULTILINE)
    assert [one for one in keys if one not in known and not one.startswith("guess.")] == []


def test_a_software_has_its_own_words() -> None:
    """Where an entry has a text of its own, that is the one which is read."""
    report = report_of(Cause.EXPIRED, TARGETS["web"])
    for code, words in (
        ("aws-alb", "RenewalStatus"),
        ("haproxy", "one file"),
        ("nginx", "certbot"),
    ):
        said = phrase_fix(fix_with(report, code), report, "en")
        assert any(words in one.text for one in said.steps if one.software == code)
    texts = catalogue("en")
    for software in SOFTWARE:
        for recipe in software.recipes:
            key = f"software.{software.code}.{recipe.change.value}"
            if not texts.has(key) or "{" in texts.text(key, dict.fromkeys(("host", "port"), "{x}")):
                continue
            step = phrase_step(Step(code=f"{software.code}.{recipe.change.value}"), "en")
            assert step.text == texts.text(key)
    # certbot is not what renews in a cloud.
    for code in ("aws-alb", "gcp-lb", "azure", "cloudflare", "cert-manager", "iis", "caddy"):
        said = phrase_fix(fix_with(report, code), report, "en")
        assert not any("certbot" in one.text for one in said.steps)


def test_defaults_exist_and_serve_what_they_are_for() -> None:
    """The usual software of a port is one that serves there."""
    for service, codes in DEFAULTS.items():
        assert all(service in BY_CODE[one].services for one in codes)
    assert all(BY_CODE[one].side == "client" for one in CLIENTS)
    assert {service_of(one) for one in TARGETS.values()} == set(DEFAULTS)


def test_no_text_anywhere_turns_verification_off() -> None:
    """In no catalogue of any area is a reader told to stop verifying."""
    for file in (Path(bot.__file__).parent / "texts").glob("*/*.po"):
        for line in file.read_text("utf-8").splitlines():
            if line.startswith(("msgstr", '"')):
                assert not FORBIDDEN.search(line), (file.name, line)


@pytest.mark.parametrize(
    "advice",
    [
        "curl -k https://x/",
        "curl --insecure https://x/",
        "requests.get(url, verify=False)",
        "export NODE_TLS_REJECT_UNAUTHORIZED=0",
        "npm config set strict-ssl false",
        "git config http.sslVerify false",
        "SSLProxyVerify none",
        "&tls.Config{InsecureSkipVerify: true}",
        "new TrustAllManager()",
        "wget --no-check-certificate https://x/",
    ],
)
def test_the_search_for_it_finds_it(advice: str) -> None:
    """The search above would find each of the usual ways."""
    assert FORBIDDEN.search(advice)
