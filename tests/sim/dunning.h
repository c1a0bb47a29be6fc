#ifndef SIM_DUNNING_H
#define SIM_DUNNING_H

#include "consumers/dunning/dunning.h"
#include "tests/sim/world.h"

/*
 * Dunning in worlds of SIM_DUNS: policies are in force, days pass, and what is asked for goes out by the notifiers of the world. In
 * other worlds with the module it notes facts, and asks for nothing.
 */
const struct policies *dunning_policies(const struct sim_world *world); /* of every such world */

/* The numbers of their steps for events, in worlds of SIM_EVENTS. */
#define REVERSAL_STEP 6
#define BROKEN_STEP   8
#define CONTACT_STEP  9

/* True: it was a state of dunning that is made out of others or of no rows, and it is loaded. */
bool dunning_load(struct sim_world *world, struct slot *slot);
bool dunning_is_kept(const struct entity *entity); /* false: it is never saved */

/* Whether dunning has committed that the step whose message this is was withdrawn (dunning.public_step). */
bool dunning_withdrew(const struct sim_world *world, const struct uuid *communication_id);

/*
 * What dunning asked for, judged by the log of the module, the logs of those that it follows, and the commands that it sent; never by
 * its states. What is wrong; NULL: nothing.
 */
const char *dunning_audit(struct sim_world *world);

#endif
