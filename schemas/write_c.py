"""The C of the messages: structs, and the tables that describe them (lib/model/message.h)."""
from schema import CHARACTER_SIZE_MAX, TEXTS
from words import words_header, words_source
from write_sql import schema_ids_sql


def comment(text, indent=""):
    return f"{indent}/* {text} */\n"


def struct_text(record, fields):
    text = comment(record.doc) + f"struct {record.c_name} {{\n"
    for field in fields:
        gone = "" if field in record.fields else ", in older versions only"
        for declaration, doc in field.members():
            text += f"\t{declaration}" + (f" /* {doc}{gone} */" if doc else "") + "\n"
    return text + "};\n"


def events_text(module, messages):
    """What a switch is over: the events of a module by the id of their first version, which is no other message's."""
    events = [message for message in messages if message.newest.kind == "event"]
    if not events:
        return ""
    text = "\n" + comment("The events of the module. A switch over them has no default: the compiler names the one that it forgets.")
    text += f"enum {module}_event {{\n"
    text += "".join(f"\tEVENT_{message.newest.c_name.upper()} = {message.number},\n" for message in events) + "};\n\n"
    text += comment("Of an event of another module: none of them.")
    text += f"static inline enum {module}_event {module}_event(const struct message_type *type)\n{{\n"
    return text + f"\treturn (enum {module}_event)type->number;\n}}\n"


def rules_text(module, messages):
    """The rules that the module has for its commands. A command without a key, the Tick, is the engine's."""
    commands = [message.newest for message in messages if message.newest.kind == "command" and message.newest.key is not None]
    if not commands:
        return ""
    text = "\n" + comment("A rule for each command (model/module.h). So many rows has the module's table of them.")
    text += f"#define {module.upper()}_COMMANDS {len(commands)}\n\nstruct command;\nstruct workset;\nstruct decision;\n\n"
    return text + "".join(f"void decide_{command.c_name}(const struct command *command, const struct workset *set, struct decision *decision);\n"
                          for command in commands)


def header_text(module, messages):
    guard = f"SCHEMAS_{module.upper()}_H"
    text = f"/* Made by schemas/generate.py from schemas/{module}/: change it there. */\n"
    text += f"#ifndef {guard}\n#define {guard}\n\n#include \"model/message.h\"\n"
    for message in messages:
        newest = message.newest
        for record in message.records():
            text += "\n" + struct_text(record, record.fields)
        text += "\n" + struct_text(newest, message.fields)
        text += f"extern const struct message_type {newest.c_name}_type; /* {newest.kind} {newest.schema_id} */\n"
    return text + events_text(module, messages) + rules_text(module, messages) + "\n#endif\n"


def fields_text(record, name, kind):
    text = f"static const struct field {name}_fields[] = {{\n"
    for field in record.fields:
        parts = [f'.name = "{field.name}"', f".kind = FIELD_{field.kind}",
                 f".offset = offsetof(struct {record.c_name}, {field.name})"]
        if field.nullable:
            parts.append(".nullable = true")
        if field.array:
            parts.append(".array = true")
        if field.aux_name():
            parts.append(f".aux_offset = offsetof(struct {record.c_name}, {field.aux_name()})")
        if field.record:
            parts.append(f".record = &{field.record.c_name}_record")
        if field.kind == "STRING" and kind == "command":
            parts.append(f".text = TEXT_{TEXTS[field.text]}")
        if field.characters_max:
            parts.append(f".size_max = {field.characters_max * CHARACTER_SIZE_MAX}")
            parts.append(f".characters_max = {field.characters_max}")
        elif field.size_max:
            parts.append(f".size_max = {field.size_max}")
        if field.items_max:
            parts.append(f".items_max = {field.items_max}")
        text += "\t{ " + ", ".join(parts) + " },\n"
    return text + "};\n"


def shape_text(record, name):
    return (f'.name = "{record.name}", .size = sizeof(struct {record.c_name}), .fields = {name}_fields, '
            f".fields_count = {len(record.fields)}")


def c_string(text):
    lines = text.splitlines(keepends=True)
    escaped = ["\t\"" + line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n") + "\""
               for line in lines]
    return "\n".join(escaped)


def refusals_text(message):
    """Of the newest version that says any."""
    said = [version.refusals for version in message.versions if version.refusals]
    return " | ".join(f"UINT64_C(1) << REFUSAL_{code.upper()}" for code in said[-1]) if said else "0"


def roles_text(roles):
    return " | ".join(f"ROLE_{role.upper()}" for role in roles) or "0"


def version_text(version):
    return f"""	{{
		.type = &{version.c_name}_type,
		.number = {version.version},
		.schema_id = {version.schema_id},
		.record = {{ {shape_text(version, version.c_version)} }},
		.dataschema = "urn:dcs:schema:{version.subject}:{version.version}",
		.avsc = {version.c_version}_avsc,
		.avsc_size = sizeof({version.c_version}_avsc) - 1,
	}},
"""


def message_text(message):
    newest = message.newest
    text = "\n"
    for record in message.records():
        text += fields_text(record, record.c_name, newest.kind)
        text += f"static const struct record_type {record.c_name}_record = {{ {shape_text(record, record.c_name)} }};\n"
    for version in message.versions:
        text += fields_text(version, version.c_version, newest.kind)
        text += f"static const char {version.c_version}_avsc[] =\n{c_string(version.avsc)};\n"
    text += f"static const struct message_version {newest.c_name}_versions[] = {{\n"
    text += "".join(version_text(version) for version in message.versions) + "};\n"
    pointer = lambda index: "NULL" if index is None else f"&{newest.c_version}_fields[{index}]"
    text += f"""const struct message_type {newest.c_name}_type = {{
	.record = {{ {shape_text(newest, newest.c_version)} }},
	.module = "{newest.module}",
	.ce_type = "{newest.subject}.v1",
	.subject = "{newest.subject}",
	.kind = MESSAGE_{newest.kind.upper()},
	.number = {message.number},
	.schema_id = {newest.schema_id},
	.versions = {newest.c_name}_versions,
	.versions_count = {len(message.versions)},
	.key_field = {pointer(newest.key)},
	.aggregate_field = {pointer(newest.aggregate)},
	.actor_field = {pointer(newest.actor)},
	.creditor_field = {pointer(newest.creditor)},
	.portfolio_field = {pointer(newest.portfolio)},
	.source_field = {pointer(newest.source)},
	.roles = {roles_text(newest.roles)},
	.refusals = {refusals_text(message)},
}};
"""
    text += f"_Static_assert(sizeof(struct {newest.c_name}) <= 1024, \"bodies are kept by the thousand: put long lists in arrays\");\n"
    return text


LOOK_UPS = """
const struct message_version *message_version_by_id(uint32_t schema_id)
{
	const uint32_t index = schema_id - SCHEMA_ID_MIN; /* wraps below the first */

	return index <= SCHEMA_ID_MAX - SCHEMA_ID_MIN ? by_schema_id[index] : NULL;
}

const struct message_type *message_by_schema_id(uint32_t schema_id)
{
	const struct message_version *version = message_version_by_id(schema_id);

	return version != NULL ? version->type : NULL;
}

const struct message_type *message_by_name(struct str name)
{
	for (const struct message_type *const *type = message_types; *type != NULL; type++) {
		if (str_is(name, (*type)->record.name))
			return *type;
	}
	return NULL;
}
"""


def tables_text(messages):
    versions = sorted((version for message in messages for version in message.versions), key=lambda version: version.schema_id)
    entry = lambda version: f"&{version.c_name}_versions[{version.version - 1}]"
    text = "\nconst struct message_type *const message_types[] = {\n"
    text += "".join(f"\t&{message.newest.c_name}_type,\n" for message in messages) + "\tNULL,\n};\n"
    text += "\nconst struct message_version *const message_versions[] = {\n"
    text += "".join(f"\t{entry(version)},\n" for version in versions) + "\tNULL,\n};\n"
    text += f"\n#define SCHEMA_ID_MIN {versions[0].schema_id}u\n#define SCHEMA_ID_MAX {versions[-1].schema_id}u\n"
    text += "\nconst uint32_t message_id_min = SCHEMA_ID_MIN, message_id_max = SCHEMA_ID_MAX;\n"
    text += "\nstatic const struct message_version *const by_schema_id[SCHEMA_ID_MAX - SCHEMA_ID_MIN + 1] = {\n"
    text += "".join(f"\t[{version.schema_id} - SCHEMA_ID_MIN] = {entry(version)},\n" for version in versions)
    return text + "};\n" + LOOK_UPS


def write_c(messages, out):
    out.mkdir(parents=True, exist_ok=True)
    modules = sorted({message.newest.module for message in messages})
    for module in modules:
        text = header_text(module, [message for message in messages if message.newest.module == module])
        (out / f"{module}.h").write_text(text, encoding="utf-8")
    text = "/* Made by schemas/generate.py from schemas/: change it there. */\n"
    text += '#include <stddef.h>\n\n#include "model/command.h"\n#include "model/refusal.h"\n' + "".join(f'#include "schemas/{module}.h"\n' for module in modules)
    text += '\n/* A schema is one literal, longer than the 4095 bytes that ISO C promises to take. */\n'
    text += '#pragma GCC diagnostic ignored "-Woverlength-strings"\n'
    text += "".join(message_text(message) for message in messages) + tables_text(messages)
    text += f"\nconst char schema_ids_sql[] =\n{c_string(schema_ids_sql(messages))};\n"
    (out / "messages.c").write_text(text, encoding="utf-8")
    (out / "words.h").write_text(words_header(), encoding="utf-8")
    (out / "words.c").write_text(words_source(), encoding="utf-8")
