#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

/* The kept commands of a world's database: read as the real edge reads them (lib/worker/pg_edge_kept.c), and what COMMIT does. */

static void kept_free(struct sim_kept *kept)
{
	free((void *)(uintptr_t)kept->kept.type.data);
	free((void *)(uintptr_t)kept->kept.actor.data);
	free((void *)(uintptr_t)kept->kept.reason.data);
	free((void *)(uintptr_t)kept->kept.value.data);
}

static struct sim_kept kept_copy(const struct kept_command *kept)
{
	struct sim_kept copy = { .kept = *kept, .scope = *kept->scope };

	copy.kept.type = sim_copy(kept->type);
	copy.kept.actor = sim_copy(kept->actor);
	copy.kept.reason = sim_copy(kept->reason);
	copy.kept.value = sim_copy(kept->value);
	return copy;
}

static struct sim_kept *find(struct sim_database *database, const struct uuid *command_id)
{
	for (size_t i = 0; i < database->kept_count; i++)
		if (uuid_equal(&database->kept[i].kept.command_id, command_id))
			return &database->kept[i];
	return NULL;
}

static int edge_read_kept(void *self, const struct kept_ask *asks, size_t asks_count, struct arena *arena,
			  struct kept_command **ret_rows, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;
	struct kept_command *rows = arena_take(arena, asks_count, sizeof(*rows));
	size_t count = 0;

	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; rows && i < asks_count; i++) {
		const struct sim_kept *found = find(&session->world->databases[session->module], &asks[i].command_id);

		if (!found || found->kept.part != asks[i].part)
			continue;
		rows[count] = found->kept;
		rows[count].type = str_copy(arena, found->kept.type);
		rows[count].actor = str_copy(arena, found->kept.actor);
		rows[count].reason = str_copy(arena, found->kept.reason);
		rows[count].scope = scope_keep(arena, &found->scope);
		if (found->kept.value.data)
			rows[count].value = str_copy(arena, found->kept.value);
		if (!rows[count].type.data || !rows[count].actor.data || !rows[count].reason.data || !rows[count].scope ||
		    (found->kept.value.data && !rows[count].value.data))
			return err_set(err, ERR_POISON, "arena full");
		count++;
	}
	if (!rows)
		return err_set(err, ERR_POISON, "arena full");
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

void kept_stage(struct sim_stage *stage, const struct changes *changes)
{
	stage->keep = calloc(changes->keep_count + 1, sizeof(*stage->keep));
	stage->ends = calloc(changes->ends_count + 1, sizeof(*stage->ends));
	MUST(stage->keep && stage->ends);
	for (size_t i = 0; i < changes->keep_count; i++)
		stage->keep[stage->keep_count++] = kept_copy(&changes->keep[i]);
	for (size_t i = 0; i < changes->ends_count; i++)
		stage->ends[stage->ends_count++] = changes->ends[i];
}

void kept_apply(struct sim_database *database, struct sim_stage *stage)
{
	for (size_t i = 0; i < stage->keep_count; i++) {
		MUST(!find(database, &stage->keep[i].kept.command_id));
		database->kept =
			sim_grow(database->kept, database->kept_count, &database->kept_capacity, sizeof(*database->kept));
		database->kept[database->kept_count++] = stage->keep[i];
	}
	stage->keep_count = 0;
	for (size_t i = 0; i < stage->ends_count; i++) {
		struct sim_kept *kept = find(database, &stage->ends[i].command_id);

		MUST(kept && kept->kept.state == APPROVAL_WAITING);
		kept->kept.state = stage->ends[i].state;
		free((void *)(uintptr_t)kept->kept.value.data);
		kept->kept.value = (struct str){ .data = NULL };
	}
}

void kept_stage_free(struct sim_stage *stage)
{
	for (size_t i = 0; i < stage->keep_count; i++)
		kept_free(&stage->keep[i]);
	free(stage->keep);
	free(stage->ends);
}

void kept_release(struct sim_database *database)
{
	for (size_t i = 0; i < database->kept_count; i++)
		kept_free(&database->kept[i]);
	free(database->kept);
}

void kept_fill(struct database *database)
{
	database->read_kept = edge_read_kept;
}
