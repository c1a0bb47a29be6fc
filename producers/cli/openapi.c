/* `dcs openapi`: prints the gateway's OpenAPI document, for generating clients. */
#include <stdio.h>

#include "cli.h"
#include "producers/api/document/openapi.h"

#define TEXT_SIZE_MAX ((size_t)8 << 20)

int run_openapi(int argc, char **argv)
{
	const struct usage usage = {
		.about = "usage: dcs openapi\n\nPrints the OpenAPI 3.1 document of the HTTP gateway, as GET /openapi.json "
			 "answers it."
	};
	struct arguments arguments;
	struct err err = ERR_INIT;
	struct buf text;
	int status;

	if (!arguments_read(&usage, argc, argv, &arguments, &status))
		return status;
	buf_init(&text, TEXT_SIZE_MAX);
	if (openapi_write(api_routes(), true, &text, &err) != 0) {
		status = fail_wrong("openapi", &err);
	} else {
		MUST(!text.overflow);
		status = fwrite(text.data, 1, text.size, stdout) == text.size ? EXIT_STATUS_OK : EXIT_STATUS_WRONG;
	}
	buf_release(&text);
	return status;
}
