"""Limits on the texts of documents, checked before parsing.

Parsing takes up to 0.4 µs for each character and 30 µs for each token, and the later steps as much
again. Counting takes a hundredth of that.
"""

import re

from gateway.documents.limit import Limit
from gateway.documents.parsing import MAX_CACHED_LENGTH, MAX_TOKENS

_LENGTH = Limit(
    "length",
    MAX_CACHED_LENGTH,
    "characters",
    "Send values as variables, and leave out what is not executed.",
)
_TOKENS = Limit(
    "tokens", MAX_TOKENS, "tokens", "Ask for less at once, and send values as variables."
)
_COMMENTS = Limit("comments", 500, "comments", "Leave out some.")
_NESTING = Limit(
    "nesting", 64, "levels of brackets", "Send values as variables, and select less deeply."
)

_TOKEN = re.compile(
    r'''
        """ (?: [^"\\] | \\""" | \\ | "(?!"") )*+ (?: """ )?
      | "   (?: [^"\\\n\r] | \\. )*+ "?
      | \#  [^\n\r]*+
      | [A-Za-z_] [A-Za-z_0-9]*+
      | -?  [0-9]++ (?: \. [0-9]++ )? (?: [eE] [+-]? [0-9]++ )?
      | \.\.\.
      | [^\s,\ufeff]
    ''',
    re.VERBOSE,
)


def check_text(text: str) -> None:
    """Check the length, tokens and nesting of a text; raise ``LimitExceeded``."""
    _LENGTH.check(len(text))
    tokens, comments, levels = count(text)
    _COMMENTS.check(comments)
    _TOKENS.check(tokens)
    _NESTING.check(levels)


def count(text: str) -> tuple[int, int, int]:
    """Return the numbers of tokens, comments and levels of brackets."""
    tokens = _TOKEN.findall(text)
    comments = sum(token.startswith("#") for token in tokens) if "#" in text else 0
    return len(tokens) - comments, comments, _nesting(tokens)


def _nesting(tokens: list[str]) -> int:
    depth = deepest = 0
    for text in tokens:
        if text in {"{", "[", "("}:
            depth += 1
            deepest = max(deepest, depth)
        elif text in {"}", "]", ")"}:
            depth -= 1
    return deepest
