#include "producers/api/document.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/openapi.h"

#define TEXT_SIZE_MAX ((size_t)4 << 20)

/* Something with a tag: 304 to him who has it. */
static void answer_tagged(struct call *call, const char *etag, const char *content_type, struct str content)
{
	call_set_header(call, "ETag", str_of(etag));
	call_set_header(call, "Cache-Control", STR("no-cache")); /* keep it, and ask */
	if (str_is(call_header(call, HEADER_IF_NONE_MATCH), etag))
		call_answer(call, 304, NULL, STR(""));
	else
		call_answer(call, 200, content_type, content);
}

void tell_document(struct api *api, struct call *call)
{
	answer_tagged(call, api->document.etag, CALL_JSON, buf_str(&api->document.text));
}

static void write_etag(char etag[40], struct str content)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	digest_of(digest, content);
	hex_from_bytes(hex, digest, sizeof(digest));
	(void)snprintf(etag, 40, "\"%s\"", hex);
}

int document_open(struct document *document, const struct route *routes, struct err *err)
{
	buf_init(&document->text, TEXT_SIZE_MAX);
	if (openapi_write(routes, false, &document->text, err) != 0)
		return -1;
	if (document->text.overflow)
		return err_set(err, ERR_FATAL, "the document is too large");
	write_etag(document->etag, buf_str(&document->text));
	return 0;
}

void document_release(struct document *document)
{
	buf_release(&document->text);
}
