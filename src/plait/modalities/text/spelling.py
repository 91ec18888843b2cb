"""Tells a word that was mistyped from another word."""

from __future__ import annotations

_SHORT = (
    "act add age ago aid aim air all and any are arm art ask bad bag ban bar bat bay bed bet "
    "big bin bit box boy bug bus but buy can cap car cat cow cry cup cut dad day did die dig "
    "dog dry due ear eat egg end era eye fan far fat fee few fit fix fly for fox fun fur gap "
    "gas get god got gun guy had has hat her hey hid him hip his hit hot how ice ill ink its "
    "jar jet job joy key kid kit lab lap law lay led leg let lid lie lip log lot low mad man "
    "map may men met mix mud net new nor not now nut odd off oil old one our out owe own pan "
    "pay pen per pet pie pin pit pot put ran rat raw red rid rip row rub run sad sat saw say "
    "sea see set she sir sit six sky son sum sun tap tax tea ten the tie tin tip toe ton too "
    "top toy try two use van via war was way web wet who why win won yes yet you zip"
)
SHORT_WORDS = frozenset(_SHORT.split())
"""Common English words of three letters: of two that differ in a letter, both are meant."""

_NUMBER = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety hundred thousand first second third fourth fifth sixth seventh eighth ninth tenth "
    "none"
)
NUMBER_WORDS = frozenset(_NUMBER.split())

LEAST_LETTERS, LEAST_COMMON_LETTERS, LEAST_FIRST_LETTERS = 3, 4, 6
"""Letters of a word that may be mistyped at all, whatever the word, and in its first letter."""


def is_misspelt(first: str, second: str) -> bool:
    """Tell whether one word is the other with a letter lost, added, replaced or swapped.

    Of short words one must be known, or for swapped letters neither; first letters carry meaning
    (typical, atypical), and so do words of numbers.

    >>> is_misspelt("account", "acount"), is_misspelt("cash", "card"), is_misspelt("teh", "the")
    (True, False, True)
    >>> is_misspelt("typical", "atypical"), is_misspelt("now", "not"), is_misspelt("nine", "none")
    (False, False, False)
    """
    if not (first.isalpha() and second.isalpha()) or {first, second} & NUMBER_WORDS:
        return False
    if first == second or abs(len(first) - len(second)) > 1:
        return first == second
    start = _common_prefix(first, second)
    tails = first[start:], second[start:]
    if not _one_edit(*tails):
        return False
    if max(len(first), len(second)) < LEAST_LETTERS:
        return False
    is_swap = len(first) == len(second) and sorted(first) == sorted(second)
    if max(len(first), len(second)) < LEAST_COMMON_LETTERS:
        known = (first in SHORT_WORDS) + (second in SHORT_WORDS)
        return known == 1 or (is_swap and known == 0)
    if start or is_swap:
        return True
    changed = {first[0], second[0]}
    return min(len(first), len(second)) >= LEAST_FIRST_LETTERS and not changed & set("aeiou")


def _common_prefix(first: str, second: str) -> int:
    num = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        num += 1
    return num


def _one_edit(first: str, second: str) -> bool:
    """Tell whether two words that differ in their first letter differ in one edit."""
    if first[1:] == second or first == second[1:] or first[1:] == second[1:]:
        return True
    return first[:2] == second[:2][::-1] and first[2:] == second[2:]
