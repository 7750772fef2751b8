"""The doctor: is this installation set up right, and if not, what is to be mended?

Each module looks at one part and gives findings as codes with values; none prints, none knows the
reader's language (the words are in the domain `doctor`). What only Slack can say is looked at in
`handlers`. Nothing here changes anything, beyond a scratch key in Redis that expires by itself.
"""

from bot.doctor.finding import AREAS, Area, Finding, Sight
from bot.doctor.round import Look, make_round

__all__ = ["AREAS", "Area", "Finding", "Look", "Sight", "make_round"]
