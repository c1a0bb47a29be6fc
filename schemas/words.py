"""Word lists: words.json as C (words.h, words.c), in the schemas, which name a list, "dcs.words": "@channel", and in the gateway's document.

A list has a doc, its words, a space between, and perhaps:
    of       the list it is a part of: its words are parsed into that one's enum
    bits     true: a word is a bit, in the order of the list; a part of it is a mask too
    prefix   of its constants, if it is not the name
    columns  of tables whose CHECK has the same words (tests/io/test_words.c)
Standard library only.
"""
import json
import re
from pathlib import Path

MEMBERS = {"doc", "words", "of", "bits", "prefix", "columns"}
BITS_MAX = 31


class WordsError(Exception):
    pass


def require(condition, name, reason):
    if not condition:
        raise WordsError(f"words.json: {name}: {reason}")


class WordList:
    """One list of words.json."""

    def __init__(self, name, source, lists):
        require(re.fullmatch(r"[a-z][a-z_]*", name), name, "names are lower_case")
        require(isinstance(source, dict) and set(source) <= MEMBERS, name, f"has {sorted(MEMBERS)} and nothing else")
        self.name, self.doc = name, source.get("doc", "")
        require(self.doc and "*/" not in self.doc, name, "needs a doc")
        self.text = source.get("words", "")
        require(re.fullmatch(r"[A-Za-z_]+( [A-Za-z_]+)*", self.text), name, "words are letters and _, a space between")
        self.words = self.text.split()
        self.columns = source.get("columns", "").split()
        require(len(set(self.words)) == len(self.words), name, "a word stands twice")
        self.whole = self
        if "of" in source:
            require(source["of"] in lists, name, f"is of {source['of']}, which must stand before it")
            self.whole = lists[source["of"]]
            missing = set(self.words) - set(self.whole.words)
            require(self.whole.whole is self.whole and not missing, name, f"{sorted(missing)} are not in {self.whole.name}")
        self.bits = self.whole.bits if self.is_part() else source.get("bits", False)
        require(not self.bits or len(self.words) <= BITS_MAX, name, f"at most {BITS_MAX} bits")
        self.prefix = self.whole.prefix if self.is_part() else source.get("prefix", name).upper()

    def is_part(self):
        return self.whole is not self

    def constant(self, word):
        return f"{self.prefix}_{word.upper()}"

    def c_type(self):
        return "uint32_t" if self.bits else f"enum {self.whole.name}"


def read_words(path):
    """The lists by name."""
    lists, constants = {}, {}
    for name, source in json.loads(path.read_text(encoding="utf-8")).items():
        lists[name] = one = WordList(name, source, lists)
        for word in [] if one.is_part() else ["none", *one.words]:
            other = constants.setdefault(one.constant(word), name)
            require(other == name, name, f"{one.constant(word)} is a constant of {other}")
    return lists


WORDS = read_words(Path(__file__).with_name("words.json"))


def expand(text):
    """A schema with the words in place of the name of a list: what is published."""

    def words_of(match):
        name = match[2].removeprefix("@")
        require(match[2] != name and name in WORDS, name, 'a schema names a list: "dcs.words": "@channel"')
        return f'{match[1]}"{WORDS[name].text}"'

    return re.sub(r'("dcs\.words":\s*)"([^"]*)"', words_of, text)


def expand_enums(text):
    """A part of an OpenAPI document with the words in place of the names of lists: "enum": "@person_role @program_role"."""

    def words_of(match):
        names = [name.removeprefix("@") for name in match[2].split()]
        for name in names:
            require(name in WORDS, name, "no such list; the document names it")
        return match[1] + json.dumps([word for name in names for word in WORDS[name].words])

    return re.sub(r'("enum":\s*)"(@[^"]*)"', words_of, text)


# ---- C ----

def enum_text(one):
    if one.bits:
        members = [f"{one.constant(word)} = 1 << {bit}" for bit, word in enumerate(one.words)]
        last = f"#define {one.name.upper()}_LAST {one.constant(one.words[-1])}\n"
    else:
        members = [one.constant("none"), *map(one.constant, one.words), f"{one.name.upper()}_COUNT"]
        last = ""
    return f"enum {one.name} {{\n" + "".join(f"\t{member},\n" for member in members) + "};\n" + last


def header_part(one):
    text = f"\n/* {one.doc} */\n"
    if not one.is_part():
        text += enum_text(one)
        text += f"const char *{one.name}_name({one.c_type()} {one.name});" + (" /* exactly one bit */\n" if one.bits else ' /* of none "" */\n')
        if one.bits:
            text += f"extern const char {one.name}_names_sql[]; /* makes the SQL function public.dcs_{one.name}_names (db/migrate.h) */\n"
        else:
            text += f"extern const char *const {one.name}_words[{one.name.upper()}_COUNT]; /* by constant, for a column (db_columns.h) */\n"
    elif one.bits:
        text += f"#define {one.name.upper()}_BITS ((uint32_t)(" + " | ".join(map(one.constant, one.words)) + "))\n"
    none = "0" if one.bits else one.constant("none")
    text += f"{one.c_type()} {one.name}_by_name(struct str name); /* {none}: not in the list */\n"
    text += f"#define {one.name.upper()}_WORDS  \"{one.text}\"\n"
    return text + f"#define {one.name.upper()}_LISTED \"{', '.join(one.words)}\" /* for people */\n"


COLUMNS = """
/* Columns of tables whose CHECK has the words of a list. Ends with NULL. */
struct word_column {
	const char *column; /* "customers.contact_point.channel" */
	const char *words;
};
extern const struct word_column word_columns[];
"""


def words_header():
    text = "/* Made by schemas/generate.py from schemas/words.json: change it there. */\n"
    text += '#ifndef SCHEMAS_WORDS_H\n#define SCHEMAS_WORDS_H\n\n#include <stdint.h>\n\n#include "base/str.h"\n'
    return text + "".join(map(header_part, WORDS.values())) + COLUMNS + "\n#endif\n"


def name_text(one):
    if one.bits:
        return f"""
const char *{one.name}_name(uint32_t {one.name})
{{
	for (uint32_t bit = 0; bit < {len(one.words)}; bit++)
		if ({one.name} == UINT32_C(1) << bit)
			return {one.name}_words[bit + 1];
	MUST_NOT_REACH("not exactly one {one.name}");
}}
"""
    return f"""
const char *{one.name}_name(enum {one.name} {one.name})
{{
	MUST({one.name} < {one.name.upper()}_COUNT);
	return {one.name}_words[{one.name}];
}}
"""


def names_sql_text(one):
    """The words of a column of bits, as names in the order of the list: views and queries need no list of their own."""
    rows = ", ".join(f"({1 << bit}, '{word}')" for bit, word in enumerate(one.words))
    return f"""
const char {one.name}_names_sql[] =
	"CREATE OR REPLACE FUNCTION public.dcs_{one.name}_names(integer) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\\n"
	"\\tSELECT coalesce(array_agg(r.name ORDER BY r.bit), '{{}}') FROM (VALUES {rows}) r (bit, name) WHERE $1 & r.bit > 0\\n$$;\\n"
	"COMMENT ON FUNCTION public.dcs_{one.name}_names(integer) IS 'The words of these bits, in the order of schemas/words.json';\\n";
"""


def by_name_text(one):
    """In the order of the whole list, so that a word's place in the array is its constant."""
    words = [word if word in one.words else "" for word in one.whole.words]
    found = f"find({one.name}_words, {len(words) + 1}, name)"
    value = f"(UINT32_C(1) << {found}) >> 1" if one.bits else f"({one.c_type()}){found}"
    kind = f"static const char *const {one.name}_words[]" if one.is_part() or one.bits else f"const char *const {one.name}_words[{one.name.upper()}_COUNT]"
    return f"""
{kind} = {{ {", ".join(f'"{word}"' for word in ["", *words])} }};

{one.c_type()} {one.name}_by_name(struct str name)
{{
	return {value};
}}
"""


FIND = """
/* The word's place; 0 (none): not there. */
static size_t find(const char *const *words, size_t count, struct str word)
{
	for (size_t index = 1; index < count; index++)
		if (word.size > 0 && str_is(word, words[index]))
			return index;
	return 0;
}
"""


def words_source():
    text = "/* Made by schemas/generate.py from schemas/words.json: change it there. */\n"
    text += '#include <stddef.h>\n\n#include "base/must.h"\n#include "schemas/words.h"\n' + FIND
    text += "".join(by_name_text(one) + ("" if one.is_part() else name_text(one)) for one in WORDS.values())
    text += "".join(names_sql_text(one) for one in WORDS.values() if one.bits and not one.is_part())
    text += "\nconst struct word_column word_columns[] = {\n"
    text += "".join(f'\t{{ "{column}", {one.name.upper()}_WORDS }},\n' for one in WORDS.values() for column in one.columns)
    return text + "\t{ NULL, NULL },\n};\n"
