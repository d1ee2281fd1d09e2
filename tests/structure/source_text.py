"""C++ source as text: blanks comments and literals without moving a line, and finds matching brackets."""
# SPDX-License-Identifier: MIT
import re

# In order: a comment, a raw string, a string, a character (not the ' of 1'000).
TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<raw>\b(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")"""
    r'''|(?P<string>"(?:\\.|[^"\\\n])*")'''
    r"""|(?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return TOKEN.sub(lambda match: blank(match[0]) if match["comment"] else match[0], text)


def without_comments_and_literals(text):
    return TOKEN.sub(lambda match: blank(match[0]), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing(text, opening):
    """The index of the bracket that closes the one at `opening`, or None. Literals must be blanked."""
    depth = 0
    for index in range(opening, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index
    return None


def without_nested_bodies(text):
    """Blanks each {...} that holds a statement: the body of a lambda is not part of the expression around it."""
    index = 0
    while (index := text.find("{", index)) != -1:
        end = closing(text, index)
        if end is None:
            break
        if ";" in text[index:end]:
            text = text[:index] + blank(text[index:end + 1]) + text[end + 1:]
            index = end
        index += 1
    return text


def split_top_level(text, separators):
    """Splits at each of `separators` outside of brackets; `::` is no colon."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and character in separators and "::" not in (text[index - 1:index + 1], text[index:index + 2]):
            parts.append(text[start:index])
            start = index + 1
    return parts + [text[start:]]
