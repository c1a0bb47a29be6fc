#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &communications_module, &communications_store, communications_store_prepare);
}
