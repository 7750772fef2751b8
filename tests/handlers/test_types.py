"""Slack's own TypeScript types as a judge of shapes: unknown keys, wrong kinds, missing fields."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.demo.lab import open_lab
from bot.demo.vantages import lab_vantage
from bot.diagnosis.question import Question
from bot.diagnosis.remedies import softwares_for
from bot.diagnosis.target import parse_target
from bot.letter import write_letter
from bot.settings import load_settings
from bot.texts import LANGS, phrase_report
from handlers.answers.answer import Shown, render
from handlers.answers.remedy import fix_message
from handlers.answers.sentences import help_message, say
from handlers.asking.press import Press, Shared
from handlers.windows.details import SECTIONS, Opened, details_view, sentence_view, skeleton_view
from handlers.windows.letter import Wish, letter_view, note_view
from handlers.windows.mail import letter_messages

MODULES = Path(__file__).parents[2] / ".venv/node/node_modules"
NODE = shutil.which("node")
TSC = MODULES / "typescript/bin/tsc"

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        NODE is None or not TSC.exists() or not (MODULES / "@slack/types").exists(),
        reason="needs Node.js with npm's typescript and @slack/types (.ci/run installs them)",
    ),
]

HOSTS = ("missing-intermediate", "backends-differ", "healthy", "cn-injection", "dns-failure")


def _accepted(source: str, folder: Path) -> str:
    """What the compiler says of a source file; nothing when it has no objection."""
    (folder / "shapes.ts").write_text(source, encoding="utf-8")
    options = {
        "strict": True,
        "noEmit": True,
        "module": "node16",
        "moduleResolution": "node16",
        "skipLibCheck": True,
        "types": [],
        "paths": {"@slack/types": [str(MODULES / "@slack/types/dist/index.d.ts")]},
    }
    (folder / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": options, "files": ["shapes.ts"]})
    )
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(TSC), "--project", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def _source(messages: list[Any], views: list[Any]) -> str:
    lines = ['import type { KnownBlock, ModalView } from "@slack/types";']
    lines += [
        f"export const message{number}: KnownBlock[] = {json.dumps(blocks)};"
        for number, blocks in enumerate(messages)
    ]
    lines += [
        f"export const view{number}: ModalView = {json.dumps(view)};"
        for number, view in enumerate(views)
    ]
    return "\n".join(lines)


async def test_every_message_and_window_has_slacks_shape(tmp_path: Path) -> None:
    """Answers of real checks, shared ones, help, sentences and Details compile as Slack's types."""
    messages: list[Any] = []
    views: list[Any] = []
    async with open_lab() as lab:
        settings = load_settings(_env_file=None, tlscheck_allow_networks=" ".join(lab.networks))
        async with lab_vantage(lab)(settings) as vantage:
            reports = [
                await vantage.check(Question(target=parse_target(f"{host}.lab.test")))
                for host in HOSTS
            ]
    for lang in LANGS:
        for report in reports:
            phrased = phrase_report(report, lang)
            shown = Shown(phrased, lang, report.target.host, report.checked_at)
            shared = Shown(
                phrased, lang, report.target.host, report.checked_at, shared=Shared(user="U1", at=1)
            )
            messages += [list(render(one).blocks) for one in (shown, shared)]
            press = Press(command=report.target.host, lang=lang)
            views += [details_view(phrased, Opened(press=press, section=one)) for one in SECTIONS]
            chosen = press.model_copy(update={"result": report.id})
            messages += [
                list(fix_message(report, chosen, code).blocks)
                for code in (None, *softwares_for(report))
            ]
            letter = write_letter(report, lang)
            views.append(letter_view(letter, report, Wish(press=press, lang=lang)))
            messages += [list(one.blocks) for one in letter_messages(letter.subject, letter.body)]
        messages.append(list(help_message(lang).blocks))
        messages.append(list(say(lang, "slack.checking", host="shop.example.jp").blocks))
        views.append(note_view(lang, "A sentence."))
        views += [skeleton_view(lang), sentence_view(lang, "A sentence.")]
    assert _accepted(_source(messages, views), tmp_path) == ""


def test_the_judge_is_awake(tmp_path: Path) -> None:
    """An unknown key is objected to: the compiler really reads Slack's types."""
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "colour": "red"}
    assert "colour" in _accepted(_source([[block]], []), tmp_path)
