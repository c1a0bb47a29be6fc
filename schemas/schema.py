"""The schemas as objects: what is read of SCHEMAS/ids.json and SCHEMAS/<module>/*.avsc, and what must hold of it.

`read_messages` returns a list of Versions: a message in all its versions. Each of them is a Message, a Record whose members are Fields.
Only the shapes and changes that README.md names are taken; anything else is a SchemaError with file, field and reason.
"""
import json
import re

from words import WORDS, expand

MESSAGE_SIZE_MAX = 65536  # bytes of Avro at most, by the dcs.max of all fields if all is ASCII: a message is handled in memory by the thousand
CHARACTER_SIZE_MAX = 4  # bytes of a character in UTF-8
IDS_MAX = 9999            # message_by_schema_id is a direct table
ACTOR_MAX = 128           # TOKEN_SUBJECT_MAX of lib/token/token.h
DEPTH_MAX = 2             # a message, and records in it

# Avro type and logicalType -> FIELD_ kind, C type, most bytes in Avro
SHAPES = {
    ("boolean", None): ("BOOL", "bool", 1),
    ("int", None): ("INT", "int32_t", 5),
    ("long", None): ("LONG", "int64_t", 10),
    ("int", "date"): ("DATE", "int32_t", 5),
    ("long", "timestamp-millis"): ("INSTANT", "int64_t", 10),
    ("string", "uuid"): ("UUID", "struct uuid", 37),
    ("string", None): ("STRING", "struct str", None),
    ("bytes", None): ("BYTES", "struct str", None),
}
MESSAGE_MEMBERS = {"type", "name", "namespace", "doc", "fields", "dcs.kind", "dcs.key", "dcs.aggregate", "dcs.roles", "dcs.refusals", "dcs.creditor", "dcs.portfolio", "dcs.source"}
RECORD_MEMBERS = {"type", "name", "doc", "fields"}
SAID = {"dcs.words", "dcs.pattern", "dcs.least", "dcs.most"}  # what the rule takes: for documents, it is not looked at here or on the wire
FIELD_MEMBERS = {"name", "type", "doc", "default", "dcs.max", "dcs.items_max", "dcs.text", *SAID}
ROLES = set(WORDS["role"].words)
REFUSALS = set(WORDS["refusal"].words) - set(WORDS["engine_refusal"].words)
TEXTS = {None: "WORD", "prose": "PROSE", "lines": "LINES", "any": "ANY"}  # lib/base/text.h
C_KEYWORDS = set("""auto bool break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while""".split())


class SchemaError(Exception):
    pass


def require(condition, where, reason):
    if not condition:
        raise SchemaError(f"{where}: {reason}")


def snake_case(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Field:
    """One member of a record: what the C table says of it."""

    def __init__(self, where, source, depth):
        require(isinstance(source, dict) and isinstance(source.get("name"), str), where, "every field is an object with a name")
        self.name = source["name"]
        self.where = where = f"{where}: {self.name}"
        require(re.fullmatch(r"[a-z][a-z0-9_]*", self.name), where, "field names are lower_case")
        require(self.name not in C_KEYWORDS, where, "is a keyword of C")
        require(set(source) <= FIELD_MEMBERS, where, f"unknown attributes {sorted(set(source) - FIELD_MEMBERS)}")
        self.doc = source.get("doc", "")
        require(isinstance(self.doc, str) and self.doc, where, "needs a doc")
        require("*/" not in self.doc, where, "doc ends a C comment")
        self.check_said(source)
        self.said = {name: source[name] for name in SAID if name in source}
        self.record = None
        self.size_max = 0  # dcs.max: bytes of BYTES, characters of STRING
        self.characters_max = 0
        self.items_max = 0
        inner = self.read_outer(source, depth)
        self.read_inner(inner, source, depth)

    def check_said(self, source):
        words, pattern = source.get("dcs.words", "word"), source.get("dcs.pattern", "")
        require(isinstance(words, str) and re.fullmatch(r"[A-Za-z_]+( [A-Za-z_]+)*", words), self.where, "dcs.words are words, a space between")
        require(isinstance(pattern, str), self.where, "dcs.pattern is a text")
        re.compile(pattern)
        for bound in ("dcs.least", "dcs.most"):
            require(type(source.get(bound, 0)) is int, self.where, f"{bound} is a number: of characters, or the number itself")

    def read_outer(self, source, depth):
        """Takes ["null", T] and array of T off; returns T."""
        outer = source.get("type")
        self.nullable = isinstance(outer, list)
        self.array = isinstance(outer, dict) and outer.get("type") == "array"
        if self.nullable:
            require(len(outer) == 2 and outer[0] == "null", self.where, 'the only union is ["null", T]')
            require("default" in source and source["default"] is None, self.where, "a nullable field has default null")
            return outer[1]
        if self.array:
            require(depth == 1, self.where, "only a message's own fields are arrays")
            require(set(outer) == {"type", "items"}, self.where, "an array has items and nothing else")
            require(source.get("default") == [], self.where, "an array has default []")
            self.items_max = self.limit(source, "dcs.items_max", 4096)
            return outer["items"]
        require("default" not in source, self.where, "only nullable fields and arrays have defaults")
        return outer

    def read_inner(self, inner, source, depth):
        require(self.array or "dcs.items_max" not in source, self.where, "dcs.items_max is for arrays")
        if isinstance(inner, dict) and inner.get("type") == "record":
            require(depth < DEPTH_MAX, self.where, f"records are at most {DEPTH_MAX} deep")
            require(set(inner) <= RECORD_MEMBERS, self.where, f"unknown attributes {sorted(set(inner) - RECORD_MEMBERS)}")
            self.record = Record(self.where, inner, depth + 1)
            self.kind, self.c_type, self.item_size = "RECORD", f"struct {self.record.c_name}", self.record.avro_size_max
        else:
            if isinstance(inner, dict):
                require(set(inner) == {"type", "logicalType"}, self.where, "not a shape of README.md")
                shape = (inner["type"], inner["logicalType"])
            else:
                shape = (inner, None)
            require(all(part is None or isinstance(part, str) for part in shape) and shape in SHAPES, self.where,
                    f"not a shape of README.md: {json.dumps(inner)}")
            self.kind, self.c_type, self.item_size = SHAPES[shape]
        self.text = source.get("dcs.text")
        require(self.text in TEXTS and (self.kind == "STRING" or self.text is None), self.where,
                f"dcs.text says what a string may hold: one of {[name for name in TEXTS if name]}, or nothing: a word")
        if self.kind in ("STRING", "BYTES"):
            self.size_max = self.limit(source, "dcs.max", 16384)
            self.characters_max = self.size_max if self.kind == "STRING" else 0
            self.item_size = self.size_max + 3
        else:
            require("dcs.max" not in source, self.where, "dcs.max is for string and bytes")

    def limit(self, source, attribute, most):
        value = source.get(attribute)
        require(type(value) is int and 0 < value <= most, self.where, f"needs {attribute}, 1..{most}")
        return value

    def avro_size_max(self):
        return self.items_max * self.item_size + 4 if self.array else self.item_size + self.nullable

    def shape(self):
        """What stays the same in every version, limits aside."""
        record = self.record and (self.record.name, [(field.name, field.shape(), field.size_max) for field in self.record.fields])
        return self.kind, self.nullable, self.array, record

    def texts(self):
        return self.text, self.record and [field.texts() for field in self.record.fields]

    def has_default(self):
        return self.nullable or self.array

    def aux_name(self):
        return f"has_{self.name}" if self.nullable else f"{self.name}_count" if self.array else None

    def members(self):
        """The C declarations: (text, doc)."""
        if self.array:
            return [(f"const {self.c_type} *{self.name};", f"{self.doc} (at most {self.items_max})"),
                    (f"size_t {self.aux_name()};", None)]
        unit = "characters" if self.characters_max else "bytes"
        limit = f" (at most {self.size_max} {unit})" if self.size_max else ""
        member = (f"{self.c_type} {self.name};", self.doc + limit)
        return [(f"bool {self.aux_name()};", None), member] if self.nullable else [member]


class Record:
    """A record and its fields."""

    def __init__(self, where, source, depth=1):
        self.name = source.get("name")
        require(isinstance(self.name, str) and re.fullmatch(r"[A-Z][A-Za-z0-9]*", self.name), where, "record names are CamelCase")
        self.c_name = snake_case(self.name)
        self.doc = source.get("doc", "")
        require(isinstance(self.doc, str) and self.doc, where, f"{self.name} needs a doc")
        require("*/" not in self.doc, where, "doc ends a C comment")
        fields = source.get("fields")
        require(isinstance(fields, list) and fields, where, f"{self.name} needs fields")
        self.fields = [Field(where, field, depth) for field in fields]
        names = [name for field in self.fields for name in (field.name, field.aux_name()) if name]
        require(len(names) == len(set(names)), where, f"two members of {self.name} have the same name in C")
        self.avro_size_max = sum(field.avro_size_max() for field in self.fields)

    def nested(self):
        return [field.record for field in self.fields if field.record]


class Message(Record):
    """A whole schema file: one version of a message."""

    def __init__(self, path, ids):
        self.path, self.module = path, path.parent.name
        self.where = where = f"{self.module}/{path.name}"
        stem, _, version = path.stem.partition(".")
        require(re.fullmatch(r"(v([2-9]|[1-9][0-9]))?", version), where, "version 1 is <Name>.avsc, later ones are <Name>.v2.avsc to .v99.avsc")
        self.version = int(version[1:] or 1)
        self.avsc = expand(path.read_text(encoding="utf-8"))
        try:
            source = json.loads(self.avsc, object_pairs_hook=lambda pairs: unique_members(where, pairs))
        except ValueError as error:
            raise SchemaError(f"{where}: {error}") from None
        require(isinstance(source, dict) and source.get("type") == "record", where, "a schema is a record")
        require(set(source) <= MESSAGE_MEMBERS, where, f"unknown attributes {sorted(set(source) - MESSAGE_MEMBERS)}")
        super().__init__(where, source)
        require(self.name == stem, where, f"the record is named {self.name}, not as its file")
        require(source.get("namespace") == f"dcs.{self.module}", where, f"the namespace must be dcs.{self.module}")
        self.kind = source.get("dcs.kind")
        require(self.kind in ("command", "event"), where, "needs dcs.kind, command or event")
        self.key = self.uuid_index(where, source, "dcs.key")
        self.aggregate = self.uuid_index(where, source, "dcs.aggregate")
        self.actor = self.actor_index(where)
        self.creditor = self.uuid_index(where, source, "dcs.creditor")
        self.portfolio = self.uuid_index(where, source, "dcs.portfolio", nullable=True)
        self.source = self.text_index(where, source, "dcs.source")
        require(self.kind == "command" or (self.creditor is None and self.source is None), where,
                "dcs.creditor and dcs.source say what the issuer of a command must be bound to")
        require((self.creditor is None) == (self.portfolio is None), where, "dcs.creditor and dcs.portfolio stand together")
        require(self.kind == "command" or (self.key is not None and self.aggregate is not None), where,
                "an event has dcs.key and dcs.aggregate")
        self.roles = source.get("dcs.roles", [])
        require(self.kind == "command" or "dcs.roles" not in source, where, "dcs.roles says who may issue a command")
        require(isinstance(self.roles, list) and set(self.roles) <= ROLES, where, f"dcs.roles is a list of {sorted(ROLES)}")
        require(self.kind == "event" or self.roles, where, "a command needs dcs.roles")
        self.refusals = source.get("dcs.refusals")
        require(self.refusals is None or self.kind == "command", where, "dcs.refusals says how a command may be refused")
        require(self.refusals is None or (isinstance(self.refusals, list) and all(isinstance(code, str) and code in REFUSALS for code in self.refusals)),
                where, f"dcs.refusals is a list of {sorted(REFUSALS)}")
        require(self.avro_size_max <= MESSAGE_SIZE_MAX, where,
                f"may grow to {self.avro_size_max} bytes, {MESSAGE_SIZE_MAX} are allowed")
        require(self.kind == "command" or not any(field.text for record in [self, *self.nested()] for field in record.fields), where,
                "dcs.text says what may come from outside: commands have it")
        self.attributes = {name: source.get(name) for name in sorted(MESSAGE_MEMBERS) if name.startswith("dcs.") and name != "dcs.refusals"}
        self.subject = f"dcs.{self.module}.{self.name}"
        self.id_name = f"{self.subject}.{version}" if version else self.subject
        require(self.id_name in ids, where, f"no id for {self.id_name} in ids.json")
        self.schema_id = ids[self.id_name]
        self.c_version = f"{self.c_name}_v{self.version}"  # what is named after the version in C

    def uuid_index(self, where, source, attribute, nullable=False):
        if attribute not in source:
            return None
        for index, field in enumerate(self.fields):
            if field.name == source[attribute]:
                plain = field.kind == "UUID" and field.nullable == nullable and not field.array
                require(plain, where, f"{attribute} {field.name} must be a {'nullable' if nullable else 'plain'} uuid")
                return index
        raise SchemaError(f"{where}: {attribute} names no field: {source[attribute]}")

    def text_index(self, where, source, attribute):
        if attribute not in source:
            return None
        for index, field in enumerate(self.fields):
            if field.name == source[attribute]:
                plain = field.kind == "STRING" and not field.nullable and not field.array
                require(plain, where, f"{attribute} {field.name} must be a plain string")
                return index
        raise SchemaError(f"{where}: {attribute} names no field: {source[attribute]}")

    def actor_index(self, where):
        """Where an event says who did it: the engine fills it, so its shape is fixed."""
        for index, field in enumerate(self.fields):
            if field.name == "actor" and self.kind == "event":
                require(field.kind == "STRING" and field.nullable and field.size_max == ACTOR_MAX, where,
                        f'actor is a nullable string, "dcs.max": {ACTOR_MAX}')
                return index
        return None


class Versions:
    """A message, the oldest version first. Its struct is the newest's, behind it what only older ones have."""

    def __init__(self, versions):
        self.versions = versions
        self.newest = versions[-1]
        self.number = versions[0].schema_id  # which message it is, in whichever version
        for number, version in enumerate(versions, 1):
            require(version.version == number, version.where, f"there is no version {number}")
        for index, newer in enumerate(versions):
            for older in versions[:index]:
                check_compatible(older, newer)
        fields = {}
        for version in reversed(versions):
            for field in version.fields:
                fields.setdefault(field.name, field)
        self.fields = list(fields.values())

    def records(self):
        """The records in it; they are the same in all versions that have them."""
        return [field.record for field in self.fields if field.record]


def check_compatible(older, newer):
    """FULL_TRANSITIVE, and what the C relies on: each can be read as the other."""
    where = newer.where
    require(older.schema_id < newer.schema_id, where, f"its id, {newer.schema_id}, is not above version {older.version}'s, {older.schema_id}")
    for name, value in newer.attributes.items():
        require(value == older.attributes[name], where, f"{name} is not that of version {older.version}: it is the message's, in all its versions")
    fields = {field.name: field for field in older.fields}
    for field in newer.fields:
        before = fields.pop(field.name, None)
        if before is None:
            require(field.has_default(), field.where, f"version {older.version} lacks it: only fields with a default may come")
            continue
        require(field.shape() == before.shape(), field.where, f"has another type than in version {older.version}")
        require(field.texts() == before.texts(), field.where, f"dcs.text is not that of version {older.version}")
        require(field.size_max >= before.size_max and field.items_max >= before.items_max, field.where,
                f"version {older.version} may be longer: dcs.max and dcs.items_max only grow")
    for field in fields.values():
        require(field.has_default(), where, f"{field.name} of version {older.version} has no default: only fields with one may go")


def unique_members(where, pairs):
    names = [name for name, _ in pairs]
    require(len(names) == len(set(names)), where, f"a member stands twice: {names}")
    return dict(pairs)


def read_messages(root):
    """All messages (Versions), by the id of their first version; checks what must hold between them."""
    ids = json.loads((root / "ids.json").read_text(encoding="utf-8"),
                     object_pairs_hook=lambda pairs: unique_members("ids.json", pairs))
    for subject, schema_id in ids.items():
        require(type(schema_id) is int and 0 < schema_id <= IDS_MAX, "ids.json", f"{subject}: ids are 1..{IDS_MAX}")
    require(len(set(ids.values())) == len(ids), "ids.json", "an id stands twice: ids are never reused")
    files = sorted((Message(path, ids) for path in root.glob("*/*.avsc")), key=lambda file: (file.version, file.schema_id))
    require(files, str(root), "no schemas")
    unused = set(ids) - {file.id_name for file in files}
    require(not unused, "ids.json", f"no schema for {sorted(unused)}: published schemas stay")
    by_subject = {}
    for file in files:
        by_subject.setdefault(file.subject, []).append(file)
    messages = [Versions(versions) for versions in by_subject.values()]
    seen = {}
    for message in messages:
        newest = message.newest
        for record in [newest, *message.records()]:
            other = seen.setdefault(record.c_name, newest.subject)
            require(record.c_name not in C_KEYWORDS, newest.subject, f"{record.name} is a keyword of C")
            require(other == newest.subject and (record is newest or record.c_name != newest.c_name), newest.subject,
                    f"the name {record.name} is taken by {other}: names are unique over all modules")
        nested = [record.name for record in message.records()]
        require(len(nested) == len(set(nested)), newest.subject, "two records in it have the same name")
        names = [name for field in message.fields for name in (field.name, field.aux_name()) if name]
        require(len(names) == len(set(names)), newest.subject, "two members of its versions have the same name in C")
    return messages


def check_with_avro(messages):
    """A second opinion by an implementation that is not ours."""
    try:
        import avro.schema
    except ImportError:
        return "the module avro is not installed: only our own rules were checked"
    for version in (version for message in messages for version in message.versions):
        try:
            parsed = avro.schema.parse(version.avsc)
        except Exception as error:  # the module raises several unrelated kinds
            raise SchemaError(f"{version.where}: the module avro refuses it: {error}") from None
        require(parsed.fullname == version.subject, version.where, f"the module avro names it {parsed.fullname}")
    return "parsed with the module avro too"
