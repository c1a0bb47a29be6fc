#include "consumers/users/store.h"
#include "consumers/users/users.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &users_module, &users_store, users_store_prepare);
}
