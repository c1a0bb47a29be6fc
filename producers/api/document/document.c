#include "producers/api/document/document.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/document/embedded.h"
#include "producers/api/document/openapi.h"
#include "producers/api/http/call.h"

#define TEXT_SIZE_MAX ((size_t)4 << 20)
#define ETAG_SIZE     40

static void write_etag(char etag[ETAG_SIZE], struct str content)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	digest_of(digest, content);
	hex_from_bytes(hex, digest, sizeof(digest));
	(void)snprintf(etag, ETAG_SIZE, "\"%s\"", hex);
}

/* Answers with an ETag; 304 if the caller has this version. */
static void answer_tagged(struct call *call, const char *etag, const char *content_type, struct str content)
{
	call_set_header(call, "ETag", str_of(etag));
	call_set_header(call, "Cache-Control", STR("no-cache")); /* may be stored, must be revalidated */
	call_answer(call, str_is(call_header(call, HEADER_IF_NONE_MATCH), etag) ? 304 : 200, content_type, content);
}

/* ---- the page ---- */

/* All sources are local, none is inline, no framing. */
#define PAGE_POLICY                                                                                                              \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "     \
	"frame-ancestors 'none'"

static const char *content_type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	MUST(dot != NULL);
	if (strcmp(dot, ".css") == 0)
		return "text/css; charset=utf-8";
	if (strcmp(dot, ".js") == 0)
		return "text/javascript; charset=utf-8";
	return "text/html; charset=utf-8";
}

/* Answers with a file of page/; false: there is none of this name. */
static bool answer_file(struct call *call, struct str name)
{
	static const char folder[] = "pages/";
	char etag[ETAG_SIZE];

	for (const struct embedded *file = embedded_files; file->name != NULL; file++) {
		if (strncmp(file->name, folder, sizeof(folder) - 1) != 0 || !str_is(name, file->name + sizeof(folder) - 1))
			continue;
		write_etag(etag, file->content);
		call_set_header(call, "Content-Security-Policy", STR(PAGE_POLICY));
		answer_tagged(call, etag, content_type_of(file->name), file->content);
		return true;
	}
	return false;
}

void tell_page(struct api *api, struct call *call)
{
	(void)api;
	MUST(answer_file(call, STR("index.html")));
}

void tell_page_file(struct api *api, struct call *call)
{
	(void)api;
	if (!answer_file(call, call_param(call, "file")))
		call_refuse(call, 404, "not_found", "nothing is here");
}

/* ---- the document ---- */

void tell_document(struct api *api, struct call *call)
{
	answer_tagged(call, api->document->etag, CALL_JSON, buf_str(&api->document->text));
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
