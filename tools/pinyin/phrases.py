"""Writes phrases.txt: what a reader of single characters gets wrong.

    python3 phrases.py <pinyin-0.11.0> <pinyin-converter-0.1.0>

The arguments are the unpacked sources of the two crates.
A phrase goes in when the longest match over the shorter ones does not read it right already.
"""

import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE / "../../crates/model/src/search"
LONGEST = 4
# A reading that fewer of a character's words have is literature, not a name; curated.txt has the exceptions.
SHARE = 0.06
# Readings that the list gives to many words and no name has.
NEVER = {("都", "dou"), ("朴", "piao"), ("石", "dan")}


def plain(reading):
    """Without tones, with v for ü."""
    reading = unicodedata.normalize("NFD", reading.replace("ɡ", "g")).replace("u\u0308", "v")
    return "".join(c for c in reading if not unicodedata.combining(c))


def lines(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def han(word):
    return all("\u4e00" <= c <= "\u9fff" for c in word)


def main(single, words):
    default = {}
    for line in lines(single / "pinyin-data/pinyin.txt"):
        code, readings = re.match(r"U\+([0-9A-F]+): (\S+)", line).groups()
        default[chr(int(code, 16))] = plain(readings.split(",")[0])

    curated = dict(line.split(" ", 1) for line in lines(HERE / "curated.txt"))
    listed = {}
    for name in ["sources/words.txt", "sources/patches/words.txt"]:
        for line in lines(words / name):
            word, _, reading = line.partition(":")
            reading = " ".join(plain(reading).split())
            if 2 <= len(word) <= LONGEST and han(word) and len(reading.split()) == len(word):
                listed[word] = reading
    share = Counter(pair for word, reading in listed.items() for pair in zip(word, reading.split()))
    total = Counter(character for word in listed for character in word)
    rare = {pair for pair, count in share.items() if count < SHARE * total[pair[0]]} | NEVER
    fixed = [word for word in curated if len(word) > 1]

    table = {word: reading for word, reading in curated.items() if len(word) == 1}

    def read(text):
        found, at = [], 0
        while at < len(text):
            for length in range(min(LONGEST, len(text) - at), 0, -1):
                part = text[at : at + length]
                if part in table:
                    found += [one.split("/")[0] for one in table[part].split()]
                    break
            else:
                found.append(default.get(part, "?"))
            at += length
        return " ".join(found)

    def wrong(word, reading):
        differ = [pair for pair, mine in zip(zip(word, reading.split()), read(word).split()) if pair[1] != mine]
        return differ and not rare.intersection(differ) and not any(part in word for part in fixed)

    for length in range(2, LONGEST + 1):
        table |= {w: r for w, r in listed.items() if len(w) == length and w not in curated and wrong(w, r)}
        table |= {w: r for w, r in curated.items() if len(w) == length}
    write("phrases.txt", table)
    # A family name keeps the character's ordinary readings as others, so that a search by either finds it.
    surnames = {}
    for line in lines(HERE / "surnames.txt"):
        word, reading = line.split(" ", 1)
        others = [table.get(c, default.get(c, "")).split("/") for c in word]
        surnames[word] = " ".join(
            "/".join(dict.fromkeys(mine.split("/") + other)) for mine, other in zip(reading.split(), others)
        )
    write("surnames.txt", surnames)


def write(name, table):
    rows = "".join(f"{word} {reading}\n" for word, reading in sorted(table.items()))
    (TARGET / name).write_text(rows, encoding="utf-8")
    print(name, len(table), "rows", len(rows.encode()), "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
