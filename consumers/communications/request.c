#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* The request of a message that waits: its parameters as one text, and the command's body made anew. */

static size_t put(char *text, size_t at, struct str part)
{
	if (at + part.size + 1 > REQUEST_PARAMETERS_MAX)
		return REQUEST_PARAMETERS_MAX + 1;
	if (part.size > 0)
		memcpy(text + at, part.data, part.size);
	text[at + part.size] = '\0';
	return at + part.size + 1;
}

size_t request_put_parameters(char text[REQUEST_PARAMETERS_MAX], const struct send_communication *body)
{
	size_t size = 0;

	for (size_t index = 0; index < body->parameters_count; index++) {
		size = put(text, size, body->parameters[index].name);
		size = put(text, size, body->parameters[index].value);
	}
	return size;
}

/* The next part of the text, which is moved behind it. */
static struct str next_part(struct str *text)
{
	return str_cut(*text, '\0', text);
}

static size_t count_parts(struct str text)
{
	size_t count = 0;

	while (text.size > 0) {
		(void)next_part(&text);
		count++;
	}
	return count;
}

bool request_body(const struct request *request, struct arena *arena, struct send_communication *ret_body)
{
	struct str text = { .data = request->parameters, .size = request->parameters_size };
	size_t count = count_parts(text) / 2;
	struct template_parameter *parameters = arena_take(arena, count, sizeof(*parameters));

	if (parameters == NULL)
		return false;
	for (size_t index = 0; index < count; index++) {
		parameters[index].name = next_part(&text);
		parameters[index].value = next_part(&text);
	}
	*ret_body = (struct send_communication){ .debt_ids = request->debt_ids,
						 .debt_ids_count = request->debt_ids_count,
						 .channel = str_of(channel_name((enum channel)request->channel)),
						 .template_name = str_of(request->template_name),
						 .language = str_of(request->language),
						 .message_class = str_of(request->message_class),
						 .parameters = parameters,
						 .parameters_count = count };
	return true;
}
