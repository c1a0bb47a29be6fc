/* dcs-reporting: the figures for dashboards, from the events of debts and communications. */

#include "consumers/reporting/store.h"
#include "worker/worker.h"

int main(int argc, char **argv)
{
	static struct reporting reporting;
	const struct reader reader = {
		.name = "reporting",
		.modules = reporting_modules,
		.costly_module = "reports",
		.apply = reporting_apply,
		.self = &reporting,
	};
	int status;

	reporting_init(&reporting);
	status = reader_main(argc, argv, &reader);
	reporting_release(&reporting);
	return status;
}
