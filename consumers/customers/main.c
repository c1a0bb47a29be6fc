#include "consumers/customers/customers.h"
#include "consumers/customers/store.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &customers_module, &customers_store, customers_store_prepare);
}
