#!/usr/bin/env python3
"""Makes lib/base/text_table.inc: what text.c must know of Unicode.

    text_table.py > text_table.inc

Needs a Python whose unicodedata is of UNICODE: the table is of one version, and is changed on purpose only.
"""
import sys
import unicodedata

UNICODE = "14.0.0"
LAST = 0x10FFFF

# DerivedCoreProperties.txt, Default_Ignorable_Code_Point; unicodedata does not have it.
IGNORABLE = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
SELECTORS = [(0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)]
BLANK_PATTERN = 0x2800


def within(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def composes(code):
    """Whether NFC keeps it, though it can be taken apart in two."""
    parts = unicodedata.decomposition(chr(code))
    return parts and not parts.startswith("<") and " " in parts and unicodedata.normalize("NFC", chr(code)) == chr(code)


def class_of(code):
    letter = chr(code)
    category = unicodedata.category(letter)
    if category == "Cs" or code == 0:
        return "CONTROL"  # not in a text at all
    if code in (0x200C, 0x200D):
        return "JOINER"
    if within(code, SELECTORS):
        return "SELECTOR"
    if code in (0xFFFC, 0xFFFD) or (code & 0xFFFE) == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "DAMAGE"
    if within(code, IGNORABLE) or category == "Cf" or code == BLANK_PATTERN:
        return "INVISIBLE"
    if category == "Cc":
        return "CONTROL_BLANK" if 9 <= code <= 13 or code == 0x85 else "CONTROL"
    if category in ("Zl", "Zp"):
        return "SEPARATOR"
    if category == "Zs":
        return "SPACE" if code == 0x20 else "BLANK"
    if category == "Co":
        return "PRIVATE"
    if unicodedata.normalize("NFC", letter) != letter:
        return "UNCOMPOSED"
    if unicodedata.combining(letter):
        return "MARK"
    if composes(code):
        return "COMPOSED"
    return "PLAIN"


def ranges():
    first, name = 0, class_of(0)
    for code in range(1, LAST + 2):
        now = class_of(code) if code <= LAST else None
        if now != name:
            yield first, code - 1, name
            first, name = code, now


def lines(items, per_line):
    for at in range(0, len(items), per_line):
        print("\t" + " ".join(items[at : at + per_line]))


def main():
    if unicodedata.unidata_version != UNICODE:
        sys.exit(f"this Python knows Unicode {unicodedata.unidata_version}, the table is of {UNICODE}")
    print(f"/* Made by text_table.py of Unicode {UNICODE}: change it there. */\n")
    print("/* First, last, class; what is not in it is CLASS_PLAIN. */")
    print("static const struct range ranges[] = {")
    lines([f"{{ 0x{first:X}, 0x{last:X}, CLASS_{name} }}," for first, last, name in ranges() if name != "PLAIN"], 4)
    print("};\n")
    pairs = sorted(tuple(int(part, 16) for part in unicodedata.decomposition(chr(code)).split()) for code in range(LAST + 1) if composes(code))
    print("/* Two characters that are one when composed. */")
    print("static const struct pair pairs[] = {")
    lines([f"{{ 0x{first:X}, 0x{second:X} }}," for first, second in pairs], 6)
    print("};")


main()
