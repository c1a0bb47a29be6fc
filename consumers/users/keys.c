#include "consumers/users/users.h"
#include "crypto/crypto.h"

/* The login as a slot of the workset. */
struct uuid user_login_id(struct str login)
{
	return uuid_of_text(login);
}
