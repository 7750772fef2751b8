"""The letter: a message to whoever runs a site, ready to be sent, made of a Report.

Pure: a Report goes in, plain text comes out. Here belong who is written to (`audience`), what they
can run to see it themselves (`proof`) and how the letter is put together (`letter`). The words are
in the catalogues (letter.po); nothing here knows Slack or a terminal.
"""

from bot.letter.audience import Audience, audience_of
from bot.letter.letter import Attachment, Letter, file_name, softwares_of, write_letter

__all__ = [
    "Attachment",
    "Audience",
    "Letter",
    "audience_of",
    "file_name",
    "softwares_of",
    "write_letter",
]
