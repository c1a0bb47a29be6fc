#ifndef CLI_FOLD_H
#define CLI_FOLD_H

#include "consumers/modules.h"
#include "crypto/seal.h"
#include "db/db_columns.h"
#include "db/db_stream.h"
#include "log_reader.h"
#include "verify.h"

/*
 * Recomputes a module's tables from its log (P7): the module's own `evolve` over every event, and notes for columns that are in rows
 * but not in states. Then the tables are read and compared, row by row, column by column. Findings: a missing row, a row that no
 * event made, a column with another value.
 *
 * A log does not fit into memory, but its keys (customers) are independent. So the log is folded in slices of keys, each over the
 * whole log with the memory of one slice. A key with inconsistent events (a MUST of evolve fails: forged) is one finding, and is
 * left out.
 *
 * Log and tables are of one moment: everything here runs in one transaction with a snapshot (verify_module.c).
 *
 *   open; for each slice: slice_begin, line ..., lines_end, and unless it is_broken (once more) or is_full (in two halves):
 * tables close
 */
struct fold;
struct table_row;

struct folded_table {
	const char *name;             /* "debts.debt" */
	const char *select;           /* first the key, then `ids` columns that name the row: a uuid, then texts; then the rest */
	struct db_template *template; /* the same, instead; its columns are the last */
	int ids;
	bool by_place;               /* instead: the first two columns, partition and number, name the row */
	const struct entity *entity; /* the entity of each row; a slot without a row is a missing row ... */
	bool may_lag;                /* ... unless the table's writer is behind */
	/* Further findings for a missing row. May be NULL. */
	void (*missing)(struct fold *fold, const struct uuid *id, const char *where);
	void (*check)(struct fold *fold, struct table_row *row);
};

struct folded_module {
	const struct module *module;
	/* Fills the members of the event's command that evolve needs and the log does not have: its body, its time. May be NULL.
	 */
	void (*prepare)(struct fold *fold, struct command *command, const struct event *event, const struct logged_line *line);
	/* After evolve: notes the event's values of columns beside the states. NULL: the module has no tables of its own. */
	void (*note)(struct fold *fold, const struct event *event, const struct logged_line *line);
	/* After all events: notes rows of states that are kept in several rows. False: no room. May be NULL. */
	bool (*finish)(struct fold *fold);
	/*
	 * Compares the line with its counterpart in another table, read in step with the log. Called for every line: event NULL
	 * if the event is not of the module; is_ours false if its key is of another slice; line NULL behind the last. May be
	 * NULL.
	 */
	int (*beside)(struct fold *fold, const struct logged_line *line, const struct event *event, bool is_ours,
		      struct err *err);
	/* Before the first line of a slice; at the end of all. May be NULL. */
	int (*begin)(struct fold *fold, struct err *err);
	void (*end)(struct fold *fold);
	const struct folded_table *tables;
	size_t tables_count;
};

#define FOLD_BROKEN_MAX 16
#define FOLD_SLICES_MAX 4096

struct fold {
	struct verify *verify;
	const struct folded_module *module;
	struct arena arena; /* states and notes of one slice */
	struct workset set;
	const struct db_statement **selects; /* of the module's tables */
	size_t slots_max;
	unsigned slice, slices; /* keys whose last bytes are `slice` modulo `slices` */
	bool is_full;           /* of this slice: it does not fit */
	bool is_broken;         /* of this slice: a key must be left out */
	size_t broken_count;
	struct uuid broken[FOLD_BROKEN_MAX]; /* keys with inconsistent events */
};

MUST_CHECK int fold_open(struct fold *fold, struct verify *verify, const struct folded_module *module, int64_t events,
			 struct err *err);
MUST_CHECK int fold_slice_begin(struct fold *fold, struct err *err);
MUST_CHECK int fold_line(struct fold *fold, const struct logged_line *line, const struct decoded *decoded, struct err *err);
MUST_CHECK int fold_lines_end(struct fold *fold, struct err *err);
MUST_CHECK int fold_tables(struct fold *fold, struct err *err);
void fold_close(struct fold *fold); /* accepts a zeroed one */

bool fold_has(const struct fold *fold, const struct uuid *key); /* of this slice, and not left out */

/* Memory of the slice, zeroed; a copy of a text. Never NULL: there is room for one event whenever one is noted. */
bool fold_has_room(const struct fold *fold);
void *fold_take(struct fold *fold, size_t size);
void *fold_scratch(struct fold *fold, size_t size); /* until the next event */
struct str fold_copy(struct fold *fold, struct str text);

/* A note about a row: `entity` is the caller's own, or a module's with the notes beside its state (slot->locator). */
void *fold_note(struct fold *fold, const struct entity *entity, const struct uuid *id, size_t size);
void *fold_noted(struct fold *fold, const struct entity *entity, const struct uuid *id); /* NULL: nothing */

/* Entities of different kinds may have the same id: the name of the event's id field tells them apart. */
bool fold_is_about(const struct event *event, const char *id_name);

/* A state that evolve has made, to write the store's own members as the store would. */
void *fold_change(struct fold *fold, const struct entity *entity, const struct uuid *id);

/* The state of an entity; NULL: no event made it. */
const void *fold_state(const struct fold *fold, const struct entity *entity, const struct uuid *id);

/*
 * For rows without an id of their own: the id of a slot, made of up to three values; and the note of such a row (size 0: only
 * its existence).
 */
struct uuid fold_id(const struct uuid *id, struct str second, struct str third);
void *fold_note_row(struct fold *fold, const struct entity *entity, const struct uuid *id, struct str second, struct str third,
		    size_t size);

/* ---- one row of a table ---- */

struct table_row {
	struct verify *verify;
	const struct folded_table *table;
	const struct db_stream *stream; /* borrows: the row at hand */
	int column;                     /* the one that is compared next */
	int promise;
};

struct uuid row_uuid(const struct table_row *row, int column); /* all zeros for NULL */
struct str row_text(const struct table_row *row, int column);  /* bytes as they are, empty for NULL */
int64_t row_int64(const struct table_row *row, int column);    /* 0 for NULL */
int32_t row_int32(const struct table_row *row, int column);    /* 0 for NULL; also dates, as PostgreSQL counts them */
bool row_is_null(const struct table_row *row, int column);

/* Marks the row's entity as met; NULL, and a finding: no event made it. */
const void *row_state(struct fold *fold, struct table_row *row, const struct uuid *id);
const void *row_noted(struct fold *fold, struct table_row *row, const struct uuid *id); /* the same for a noted row */
void row_wrong(struct table_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compares the columns of the table's template with what the struct holds. Those behind the last column are next. */
void expect_columns(struct table_row *row, const void *owner);

/* Compare the next column; a difference is a finding that names it. */
void expect_uuid(struct table_row *row, const struct uuid *id);
void expect_uuid_or_null(struct table_row *row, const struct uuid *id); /* all zeros: NULL */
void expect_bool(struct table_row *row, bool value);
void expect_int32(struct table_row *row, int32_t number);
void expect_int32_if(struct table_row *row, bool is_given, int32_t number);
void expect_int64(struct table_row *row, int64_t number);
void expect_int64_or_null(struct table_row *row, int64_t number); /* 0: NULL */
void expect_int64_if(struct table_row *row, bool is_given, int64_t number);
void expect_date(struct table_row *row, int32_t day);
void expect_date_or_null(struct table_row *row, bool is_given, int32_t day);
void expect_instant(struct table_row *row, int64_t instant_ms);
void expect_instant_or_null(struct table_row *row, bool is_given, int64_t instant_ms);
void expect_bytes(struct table_row *row, struct str bytes); /* and text */
void expect_bytes_or_null(struct table_row *row, bool is_given, struct str bytes);
void skip_column(struct table_row *row);

/*
 * Opens the next column, sealed for its place with the key of the salt; the text is valid until the next row. False: it is
 * NULL, there is no key, or it does not open, which is a finding. A text of the old form is counted.
 */
bool open_column(struct table_row *row, const struct seal_place *place, struct str salt, struct str *ret_text);

/* ---- the modules ---- */

const struct folded_module *folded_module_named(const char *name); /* NULL: there is none of that name */

/* One for each, folded_<module> in verify_<module>.c. */
#define FOLDED(name, NAME) extern const struct folded_module folded_##name;
COMMAND_MODULES(FOLDED)
#undef FOLDED

#endif
