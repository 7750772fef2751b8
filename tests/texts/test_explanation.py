"""Explanations in both languages: a sentence, a title and steps for every cause that can be said."""

import pytest

from bot.diagnosis.causes import Cause
from bot.explain import explain
from bot.explain.advice import Place, steps
from bot.explain.patterns import SIGNS, STATEMENTS
from bot.texts import LANGS, Lang, catalogue
from bot.texts.explanation import cause_title, phrase_explanation, software
from tests.explain.test_explain import KNOWN

CAUSES = sorted({cause for one in STATEMENTS for cause in (*one.means, *(one.serving or ()))})


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_its_words(cause: Cause, lang: Lang) -> None:
    """Whatever a pattern can mean has a title; what can stand first has a summary and steps."""
    texts = catalogue(lang)
    assert cause_title(cause.value, texts).strip()
    if cause in {Cause.WRONG_CHAIN_ORDER, Cause.EXPIRED_ROOT_OR_CROSS_SIGN}:
        return  # candidates only
    assert len(texts.text(f"explain.summary.{cause}")) <= 200
    for named in (None, Place("shop.example.jp")):
        for step in steps(cause, named, serving=False):
            assert texts.has(f"explain.step.{step.code}.title"), step.code
            assert texts.has(f"explain.step.{step.code}.text"), step.code


@pytest.mark.parametrize("lang", LANGS)
def test_known_lines_are_phrased(lang: Lang) -> None:
    """No text is missing or empty for what real clients print."""
    for *_, text in KNOWN:
        phrased = phrase_explanation(explain(text), lang)
        assert phrased.summary
        assert all(one.title for one in phrased.candidates)
        assert all(one.title and one.text for one in phrased.next_steps)
        assert "{" not in phrased.summary


def test_no_step_turns_verification_off() -> None:
    """That is never an answer."""
    for lang in LANGS:
        for *_, text in KNOWN:
            said = phrase_explanation(explain(text), lang).model_copy(update={"evidence": ""})
            for word in ("insecure", " -k", "verify=False", "NODE_TLS_REJECT", "sslVerify"):
                assert word not in said.to_json()


def test_every_client_has_a_name() -> None:
    """Each that a sign can show is called what people call it."""
    texts = catalogue("en")
    assert all(software(one.client, texts).strip() for one in SIGNS)
