#include "consumers/users/users.h"
#include "schemas/users.h"

/*
 * Facts that the gateway reports: they have happened, so a rule refuses only impossible ones. These events change no state; they
 * are the record of logins and failed logins.
 */
static bool user_is_known(const struct workset *set, const struct uuid *user_id, struct decision *decision)
{
	if (workset_state(set, &user_entity, user_id) != NULL)
		return true;
	decision_refuse(decision, REFUSAL_NOT_FOUND, "user_id", "no such user");
	return false;
}

void decide_record_login(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_login *body = command->body;
	enum login_outcome outcome = login_outcome_by_name(body->outcome);
	bool is_success = outcome == LOGIN_OUTCOME_SUCCEEDED;
	struct login_failed *failed;
	struct user_logged_in *logged_in;

	if (outcome == LOGIN_OUTCOME_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "outcome", "not one of " LOGIN_OUTCOME_LISTED);
		return;
	}
	if (is_success != body->has_session_id) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "session_id",
				"must be given when the login succeeded, and only then");
		return;
	}
	if (!user_is_known(set, &body->user_id, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	if (is_success) {
		logged_in = decision_event(decision, &user_logged_in_type);
		logged_in->user_id = body->user_id;
		logged_in->session_id = body->session_id;
	} else {
		failed = decision_event(decision, &login_failed_type);
		failed->user_id = body->user_id;
		failed->reason = body->outcome;
	}
}

void decide_record_session_end(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_session_end *body = command->body;
	struct session_ended *event;

	if (session_end_by_name(body->reason) == SESSION_END_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " SESSION_END_LISTED);
		return;
	}
	if (!user_is_known(set, &body->user_id, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &session_ended_type);
	event->user_id = body->user_id;
	event->session_id = body->session_id;
	event->reason = body->reason;
}
