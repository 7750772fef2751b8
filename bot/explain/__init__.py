"""What a pasted error text means: who printed it, what it can be, which server it names.

Pure: text in, values out; no lookups, no sockets, no language. The stations, in order: `clean`
(what terminals, loggers and chat did to the text), `decide.recognise` (which statements of
`patterns` it makes), `decide` (which of them is nearest to the cause), `side` (who printed it),
`host` (the server it names), `mask` (no secret leaves). Words are `bot.texts.explanation`'s.
"""

from bot.explain.advice import Place, place, steps
from bot.explain.clean import clean, joined
from bot.explain.decide import decide, recognise
from bot.explain.explanation import Candidate, Explanation
from bot.explain.host import host_of
from bot.explain.mask import mask
from bot.explain.pattern import Rank
from bot.explain.side import client_of, is_serving

__all__ = ["Candidate", "Explanation", "Place", "explain"]

_LONGEST_EVIDENCE = 300


def explain(text: str) -> Explanation:
    """Say what an error text means.

    Args:
        text: Whatever was pasted: a line, a stack trace, JSON logs, with words around it. What is
            longer than `clean.MOST_CHARACTERS` loses its middle.

    Returns:
        Codes and evidence; `bot.texts.explanation.phrase_explanation` fills in the texts.
    """
    cleaned = clean(mask(text))
    serving = is_serving(cleaned)
    hits = recognise(cleaned)
    decision = decide(hits, serving=serving)
    if len(cleaned.lines) > 1 and (
        decision.hit is None or decision.hit.statement.rank <= Rank.FRAME
    ):
        together = joined(cleaned)
        again = decide(recognise(together), serving=serving)
        if again.hit is not None and again.hit.statement.rank > Rank.FRAME:
            cleaned, decision = together, again
    line = cleaned.line_at(decision.hit.start) if decision.hit else ""
    client, library = client_of(cleaned)
    host, port = host_of(cleaned, line)
    # A URL says its port by its scheme.
    in_url = host is not None and f"https://{host}" in cleaned.folded
    named = place(host, port, None if in_url else client)
    return Explanation(
        cause=decision.cause,
        candidates=decision.candidates,
        client=client,
        library=library,
        host=host,
        port=named.port if named else None,
        starttls=named.starttls if named else None,
        serving=serving,
        mentions_tls=bool(hits),
        evidence=_excerpt(line),
        # A server is offered to be checked where TLS is spoken of at all.
        next_steps=steps(decision.cause, named if hits else None, serving=serving),
    )


def _excerpt(line: str) -> str:
    # Once more: what was escaped in a log has become readable since.
    shown = mask(line)
    if len(shown) <= _LONGEST_EVIDENCE:
        return shown
    return shown[: _LONGEST_EVIDENCE - 1] + "…"
