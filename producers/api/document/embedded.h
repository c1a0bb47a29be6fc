#ifndef API_DOCUMENT_EMBEDDED_H
#define API_DOCUMENT_EMBEDDED_H

#include "base/str.h"

/* The files of document/ and page/, as of the build of the program (embed.py). */
struct embedded {
	const char *name; /* "page/index.html" */
	struct str content;
};

extern const struct embedded embedded_files[]; /* ends with a NULL name */

#endif
