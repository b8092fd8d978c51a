"""Words that end a lookup's name and are none of ours: Django's, others', and slips.

    Q(total__grt=1)      # ValueError: … there is no lookup 'grt'; did you mean gt?

`Q` does not know what a field is, so any last word may be a key in JSON.  What is one of
these words, or looks like one of the longer ones, is refused all the same, since it would
be a query that never matches; `meta__date__exact` says that it is a key.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_EXACT_CASE: Final = "queries tell upper from lower case"
_NO_REGEX: Final = "use startswith, endswith or contains"
_NO_PARTS: Final = "compare the whole, as in gte and lt of two dates"
_DATE_PARTS: Final = (
    "date", "day", "hour", "iso_week_day", "iso_year", "minute", "month", "quarter",
    "second", "time", "week", "week_day", "year",
)  # fmt: skip

OTHERS: Final = {
    "iexact": _EXACT_CASE,
    "icontains": _EXACT_CASE,
    "istartswith": _EXACT_CASE,
    "iendswith": _EXACT_CASE,
    "regex": _NO_REGEX,
    "iregex": _NO_REGEX,
    "ne": "write ~Q(…), which like it is not true of a field that is missing",
    **dict.fromkeys(_DATE_PARTS, _NO_PARTS),
}
"""Lookups of Django's and of others', and what to do instead."""

SLIPS: Final = {
    slip: meant
    for meant, slips in {
        "exact": "eq equal equals",
        "gt": "greater grt gthan gtr gtt",
        "gte": "ge geq greq gteq gtee",
        "lt": "less lss lthan ltt",
        "lte": "le leq lteq ltee",
        "ne": "neq",
        "startswith": "beginswith starts",
        "endswith": "ends",
        "in": "one_of oneof",
    }.items()
    for slip in slips.split()
}
"""Of the short ones; what else is near them (`id`, `lat`, `at`) may well be a key."""

LONG: Final = 5


def meant_by(word: str, lookups: Iterable[str]) -> str | None:
    """What to say of a word that is no lookup, nor looks like a key; else None."""
    if word in OTHERS:
        return OTHERS[word]
    meant = SLIPS.get(word.lower()) or _near(word, [*lookups, *OTHERS])
    if meant in OTHERS:
        return OTHERS[meant]
    return f"did you mean {meant}?" if meant else None


def _near(word: str, known: Iterable[str]) -> str | None:
    plain = word.lower().replace("_", "")
    for name in known:
        if word.lower() == name or (
            len(name) >= LONG and name not in _DATE_PARTS and is_slip(plain, name)
        ):
            return name
    return None


def is_slip(word: str, name: str) -> bool:
    """Is it the name but for a letter more or less, another one, or two that changed
    places; of a name of ten letters, two of these?"""
    edits = 0
    for _, i, j, k, n in difflib.SequenceMatcher(None, word, name, False).get_opcodes():
        if word[i:j] != name[k:n]:
            edits += max(j - i, n - k)
    swapped = sorted(word) == sorted(name) and edits == 2
    return swapped or edits <= (2 if len(name) >= 2 * LONG else 1)
