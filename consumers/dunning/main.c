#include "consumers/dunning/dunning.h"
#include "consumers/dunning/store.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &dunning_module, &dunning_store, dunning_store_prepare);
}
