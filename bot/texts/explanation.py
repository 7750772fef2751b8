"""Filling an Explanation's texts in for a language: codes in, sentences out.

Foreign strings are put in as they are: escaping is each renderer's.
"""

from bot.diagnosis.causes import Cause
from bot.explain.explanation import Candidate, Explanation
from bot.explain.names import PRODUCTS
from bot.texts.catalogue import Catalogue, Lang, catalogue

_CERTAIN, _HIGH, _MEDIUM = 0.85, 0.45, 0.15


def phrase_explanation(explanation: Explanation, lang: Lang) -> Explanation:
    """The same Explanation with summary, candidates' titles and steps in `lang`."""
    texts = catalogue(lang)
    return explanation.model_copy(
        update={
            "summary": texts.text(f"explain.summary.{_code(explanation)}"),
            "candidates": tuple(
                one.model_copy(update={"title": cause_title(one.cause, texts)})
                for one in explanation.candidates
            ),
            "next_steps": tuple(
                one.model_copy(
                    update={
                        "title": texts.text(f"explain.step.{one.code}.title", one.values),
                        "text": texts.text(f"explain.step.{one.code}.text", one.values),
                    }
                )
                for one in explanation.next_steps
            ),
        }
    )


def headline(explanation: Explanation, texts: Catalogue) -> str:
    """What the text means, in a few words."""
    return cause_title(_code(explanation), texts)


def cause_title(cause: str, texts: Catalogue) -> str:
    """What a cause is called where only its words are known."""
    key = f"explain.title.{cause}"
    return texts.text(key if texts.has(key) else f"cause.{cause}.title")


def likelihood(candidate: Candidate, texts: Catalogue) -> str:
    """How likely a candidate is, in words: numbers would claim more than is known."""
    share = candidate.confidence
    word = "low"
    if share >= _CERTAIN:
        word = "certain"
    elif share >= _HIGH:
        word = "high"
    elif share >= _MEDIUM:
        word = "medium"
    return texts.text(f"explain.likely.{word}")


def origin(explanation: Explanation, texts: Catalogue) -> str | None:
    """Who printed it, as a sentence."""
    if explanation.client is None:
        return None
    client = software(explanation.client, texts)
    if explanation.library is None:
        return texts.text("explain.printed_by", client=client)
    library = software(explanation.library, texts)
    return texts.text("explain.printed_by_through", client=client, library=library)


def software(code: str, texts: Catalogue) -> str:
    """What a client or other software is called."""
    key = f"client.short.{code}"
    return texts.text(key) if texts.has(key) else PRODUCTS.get(code, code)


def _code(explanation: Explanation) -> str:
    if explanation.cause is Cause.NOT_A_TLS_ERROR and explanation.mentions_tls:
        return "none"
    return explanation.cause.value
