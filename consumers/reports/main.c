#include "consumers/reports/reports.h"
#include "consumers/reports/store.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	return worker_main(argc, argv, &reports_module, &reports_store, reports_store_prepare);
}
