#ifndef API_OFFER_OFFER_H
#define API_OFFER_OFFER_H

#include "producers/api/http/route.h"

/*
 * The routes of the gateway: a file for each module, with its routes and its resources (reads/resource.h). Each table ends with a
 * NULL pattern. A new file needs one more line in offer.c.
 */
extern const struct route gateway_routes[], registry_routes[], commands_routes[], approvals_routes[], callbacks_routes[];
extern const struct route customers_routes[], debts_routes[], communications_routes[]; // tidy: modules, those with resources
extern const struct route facts_routes[], reports_routes[], users_routes[];
extern const struct route dunning_routes[], tasks_routes[];

#endif
