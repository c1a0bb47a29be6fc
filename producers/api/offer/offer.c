#include "producers/api/offer/offer.h"
#include "base/array.h"
#include "base/must.h"
#include "producers/api/reads/reads.h"

/* All routes, in the order of the document. */

#define ROUTES_MAX 256

static const struct route *const offers[] = {
	gateway_routes,        customers_routes, debts_routes, // tidy: modules, in this order
	communications_routes, facts_routes,     dunning_routes,   tasks_routes, reports_routes,
	registry_routes,       commands_routes,  approvals_routes, users_routes, callbacks_routes
};

const struct route *api_routes(void)
{
	static struct route routes[ROUTES_MAX];
	size_t count = 0;

	if (routes[0].pattern != NULL)
		return routes;
	for (size_t i = 0; i < COUNT(offers); i++) {
		for (const struct route *row = offers[i]; row->pattern != NULL; row++) {
			MUST(count + 1 < ROUTES_MAX);
			routes[count++] = *row;
		}
	}
	return routes;
}

const struct resource *const api_resources[] = {
	&customer_resource,
	&contact_point_resource,
	&consent_resource,
	&timeline_resource,
	&debt_resource,
	&ledger_resource,
	&balance_resource,
	&delinquency_resource,
	&debt_history_resource,
	&payment_resource,
	&promise_resource,
	&hold_resource,
	&plan_resource,
	&settlement_resource,
	&dispute_resource,
	&creditor_resource,
	&portfolio_resource,
	&debt_policy_resource,
	&communication_resource,
	&template_resource,
	&profile_resource,
	&policy_resource,
	&task_resource,
	&contact_resource,
	&circumstance_resource,
	&preference_resource,
	&decision_resource,
	&report_resource,
	&user_resource,
	&service_resource,
	&account_resource,
	&approval_resource,
	&inbound_resource,
	&unknown_inbound_resource,
	NULL,
};
