/* Linked into every C test: TEST=NAME in the environment runs that function alone (`*` and `?` as in file names), `make test-one`. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void run_only(void)
{
	const char *name = getenv("TEST");

	if (name != NULL && *name != '\0')
		cmocka_set_test_filter(name);
}
