#include "crypto/password.h"

#include <sodium.h>

#define PASSES UINT64_C(2)
#define MEMORY ((size_t)19 << 20)

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash fits");

int password_hash(char ret_hash[PASSWORD_HASH_SIZE], struct str password, struct err *err)
{
	if (crypto_pwhash_str_alg(ret_hash, password.data, password.size, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(err, ERR_RETRY, "no memory to hash a password");
	return 0;
}

bool password_fits(const char *hash, struct str password)
{
	return crypto_pwhash_str_verify(hash, password.data, password.size) == 0;
}
