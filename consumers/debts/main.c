#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &debts_module, &debts_store, debts_store_prepare);
}
