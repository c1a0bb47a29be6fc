/*
 * A token's text, and the claims in it: what stands before the signature is read before anybody has vouched for it.
 *
 *   input   0 a whole token | 1 a head | 2 claims; these two are coded here: a fuzzer does not learn base64url
 */
#include "base/base64url.h"
#include "base/must.h"
#include "tests/fuzz/fuzz.h"
#include "token/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };
	uint8_t what = input_u8(&input) % 3;
	struct str text = input_rest(&input);
	struct token_parts parts;
	struct token_claims claims;
	struct err err = ERR_INIT;
	char kid[KID_MAX + 1], coded[TOKEN_SIZE_MAX];
	int result;

	if (text.size > sizeof(coded) / 2)
		return 0;
	base64url_encode(coded, text.data, text.size);
	if (what == 0)
		result = parse_parts(text, &parts, &err);
	else if (what == 1)
		result = parse_header(str_of(coded), kid, &err);
	else
		result = parse_claims(str_of(coded), "dcs", "dcs", &claims, &err);
	if (result != 0 && err.kind != ERR_NONE)
		MUST(err.kind == ERR_POISON);
	return 0;
}
