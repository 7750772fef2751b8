"""What a text must contain before a regular expression can match it.

`word in text` costs a hundredth of a search: most expressions are thus never tried. Only the small
part of the syntax that `bot.explain.patterns` is written in is read; what is not understood gives
the empty word, which every text contains.
"""

# An escape that stands for itself: `\.`; the others are classes and borders.
_ITSELF = frozenset(r".()[]{}?*+|^$\/-")


def alternatives(regex: str) -> tuple[str, ...]:
    """The branches of an expression: `a|b(c|d)` gives `a` and `b(c|d)`."""
    branches, start = [], 0
    for place, char, depth in _walk(regex):
        if char == "|" and depth == 0:
            branches.append(regex[start:place])
            start = place + 1
    return (*branches, regex[start:])


def required(branch: str) -> str:
    """The longest word that every match of a branch contains."""
    words, word = [], ""
    end = 0
    for place, char, depth in _walk(branch):
        if place < end:
            continue
        if depth or char in "([])":
            words.append(word)
            word = ""
        elif char in "?*{":
            # What stands before it may be missing.
            words.append(word[:-1])
            word = ""
            end = branch.index("}", place) + 1 if char == "{" else place + 1
        elif char == "\\":
            escaped = branch[place + 1]
            if escaped in _ITSELF:
                word += escaped
            else:
                words.append(word)
                word = ""
        elif char in ".^$+|":
            words.append(word)
            word = ""
        else:
            word += char
    return max((*words, word), key=len)


def _walk(regex: str) -> list[tuple[int, str, int]]:
    """Each character's place and depth in groups; of an escape only the backslash."""
    steps: list[tuple[int, str, int]] = []
    depth, in_class, skip = 0, False, -1
    for place, char in enumerate(regex):
        if place == skip:
            continue
        if char == "\\":
            skip = place + 1
        elif in_class:
            in_class = char != "]"
            if not in_class:
                depth -= 1
                steps.append((place, char, depth))
                continue
        elif char == "[":
            steps.append((place, char, depth))
            depth, in_class = depth + 1, True
            continue
        elif char == "(":
            steps.append((place, char, depth))
            depth += 1
            continue
        elif char == ")":
            depth -= 1
        steps.append((place, char, depth))
    return steps
