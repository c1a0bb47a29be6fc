#include "worker/dead_letter.h"

#include <string.h>
#include <strings.h>

/* "Bearer head.claims.signature" -> "Bearer head.claims." */
static struct str without_signature(struct str value)
{
	size_t dots = 0;

	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] == '.' && ++dots == 2)
			return (struct str){ .data = value.data, .size = i + 1 };
	return (struct str){ .data = value.data, .size = 0 };
}

void headers_cut_tokens(struct header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(headers[i].name, "authorization") == 0)
			headers[i].value = without_signature(headers[i].value);
}

void headers_pack(struct buf *buf, const struct header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str name = str_of(headers[i].name);

		buf_add_be16(buf, (uint16_t)name.size);
		buf_add_str(buf, name);
		buf_add_be32(buf, (uint32_t)headers[i].value.size);
		buf_add_str(buf, headers[i].value);
	}
}

/* Takes a big-endian size of `width` bytes and then as many bytes from the front; false when too few are left. */
static bool take_sized(struct str *rest, size_t width, struct str *ret_piece)
{
	size_t size = 0;

	if (rest->size < width)
		return false;
	for (size_t i = 0; i < width; i++)
		size = size << 8 | (unsigned char)rest->data[i];
	if (rest->size - width < size)
		return false;
	*ret_piece = (struct str){ .data = rest->data + width, .size = size };
	*rest = (struct str){ .data = rest->data + width + size, .size = rest->size - width - size };
	return true;
}

int headers_unpack(struct str packed, struct arena *arena, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
		   struct err *err)
{
	size_t count = 0;

	while (packed.size > 0) {
		struct str name;
		struct str value;

		if (count == HEADERS_MAX || !take_sized(&packed, 2, &name) || !take_sized(&packed, 4, &value))
			return err_set(err, ERR_POISON, "packed headers are malformed");
		name = str_copy(arena, name);
		if (!name.data)
			return err_set(err, ERR_POISON, "packed headers do not fit into the arena");
		ret_headers[count++] = (struct header){ .name = name.data, .value = value };
	}
	*ret_count = count;
	return 0;
}
