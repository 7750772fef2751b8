"""What to do about a cause: whose job it is, the steps, and the chain that was proven to work.

`plans` says what each cause asks for, `software` how each software does it, `fix` puts the two
together. Nothing here does I/O, and nothing here ever turns verification off.
"""

from bot.diagnosis.remedies.fix import fix_for, fix_of_differing, fix_with, softwares_for
from bot.diagnosis.remedies.guess import guess
from bot.diagnosis.remedies.proven import full_chain

__all__ = ["fix_for", "fix_of_differing", "fix_with", "full_chain", "guess", "softwares_for"]
