#include "producers/explain/sentences.h"

#include "base/array.h"

const struct sentence sentences[] = {
	/* ---- customers ---- */
	{ "CustomerCreated", NULL, NULL, "The customer was created." },
	{ "CustomerUpdated", NULL, NULL, "The customer's data was changed[: {changed:words}]." },
	{ "CustomerErased", NULL, NULL, "The customer's personal data was erased ({basis:words})." },
	{ "ContactPointAdded", NULL, NULL, "Contact point {contact_point_id} was added ({channel}[, {source:words}])." },
	{ "ContactPointVerified", NULL, NULL, "Contact point {contact_point_id} was verified." },
	{ "ContactPointInvalidated", NULL, NULL,
	  "Contact point {contact_point_id} ({channel}) is not used any more: {reason:words}." },

	/* ---- debts ---- */
	{ "DebtCreated", NULL, NULL, "Debt {debt_id} was created: {balance_minor}, due on {due_on}." },
	{ "DebtActivated", NULL, NULL, "Debt {debt_id} of {balance_minor} became due on {due_on}." },
	{ "DelinquencyChanged", "bucket_to", "0",
	  "Debt {debt_id} is not past due any more; it was {bucket_from} days past due; {balance_minor} is owed." },
	{ "DelinquencyChanged", NULL, NULL,
	  "Debt {debt_id} of {balance_minor} is {days_past_due} days past due (bucket {bucket_to}, before {bucket_from})." },
	{ "PaymentRecorded", NULL, NULL,
	  "{amount_minor} was paid on debt {debt_id}[, {credit_minor} of it more than was owed]; {balance_minor} is still "
	  "owed." },
	{ "DebtPaid", NULL, NULL, "Debt {debt_id} is paid." },
	{ "PaymentReversed", NULL, NULL,
	  "Payment {payment_id} of {amount_minor} on debt {debt_id} was reversed ({reason:words}); {balance_minor} is owed." },
	{ "PaymentRefunded", NULL, NULL,
	  "{amount_minor} of payment {payment_id} on debt {debt_id} was refunded; {credit_minor} of credit is left." },
	{ "DebtReopened", NULL, NULL, "Debt {debt_id} is open again: {balance_minor} is owed." },
	{ "CreditApplied", NULL, NULL,
	  "The credit of debt {debt_id} changed by {amount_minor} after a reversal; {balance_minor} is owed." },
	{ "DebtAmended", NULL, NULL, "Debt {debt_id} was amended: due on {due_on}, before on {previous_due_on}." },
	{ "DebtCancelled", NULL, NULL,
	  "Debt {debt_id} was cancelled ({reason:words}): {amount_minor} is not collected any more." },

	{ "DebtChargedOff", NULL, NULL, "Debt {debt_id} was charged off: {amount_minor} is owed all the same." },
	{ "ChargeOffUndone", NULL, NULL,
	  "The charge-off of debt {debt_id} was undone: it is {lifecycle:words}, {balance_minor} is owed." },
	{ "DebtWrittenOff", NULL, NULL, "Debt {debt_id} was written off: {amount_minor} is not collected any more." },
	{ "DebtTransferred", "kind", "sold",
	  "Debt {debt_id} of {amount_minor} was sold to {transferee} as of {transferred_on}." },
	{ "DebtTransferred", NULL, NULL,
	  "Debt {debt_id} of {amount_minor} was placed with {transferee} as of {transferred_on}." },
	{ "DebtRecalled", NULL, NULL,
	  "The creditor has taken debt {debt_id} back: {amount_minor} is not collected here any more." },
	{ "ChargeAssessed", NULL, NULL,
	  "A {component} of {amount_minor} was charged on debt {debt_id} ({basis:words}); {balance_minor} is owed." },
	{ "AmountWaived", NULL, NULL,
	  "{amount_minor} of the {component} of debt {debt_id} was waived; {balance_minor} is owed." },
	{ "BalanceAdjusted", NULL, NULL,
	  "The {component} of debt {debt_id} was corrected {direction} by {amount_minor}; {balance_minor} is owed." },

	{ "PromiseMade", NULL, NULL,
	  "The person promised to pay {amount_minor} of debt {debt_id} by {due_on} (promise {promise_id})." },
	{ "PromiseKept", NULL, NULL,
	  "Promise {promise_id} about debt {debt_id} was kept: {paid_minor} of {amount_minor} was paid." },
	{ "PromisePartlyKept", NULL, NULL,
	  "Promise {promise_id} about debt {debt_id} was kept in part: {paid_minor} of {amount_minor} was paid." },
	{ "PromiseBroken", NULL, NULL,
	  "Promise {promise_id} about debt {debt_id} was broken: nothing of {amount_minor} was paid[, after payment {payment_id} "
	  "was "
	  "reversed]." },
	{ "PromiseReopened", NULL, NULL,
	  "Promise {promise_id} about debt {debt_id} is open again: payment {payment_id} was reversed." },
	{ "PromiseCancelled", NULL, NULL, "Promise {promise_id} about debt {debt_id} was cancelled: {reason:words}." },
	{ "PlanProposed", NULL, NULL,
	  "A plan was proposed to pay {total_minor} of debt {debt_id} in {instalments} {frequency:words} instalments from "
	  "{first_due_on} on "
	  "(plan {plan_id})." },
	{ "PlanActivated", NULL, NULL,
	  "Plan {plan_id} holds: {total_minor} of debt {debt_id} is paid in {instalments} {frequency:words} instalments from "
	  "{first_due_on} "
	  "on." },
	{ "InstalmentPaid", NULL, NULL,
	  "Of plan {plan_id} about debt {debt_id}, {paid_minor} is paid: all instalments up to number {number}." },
	{ "InstalmentMissed", NULL, NULL,
	  "Instalment {number} of plan {plan_id} about debt {debt_id}, due on {due_on}, was missed: {shortfall_minor} was not "
	  "paid in time." },
	{ "PlanBroken", NULL, NULL,
	  "Plan {plan_id} about debt {debt_id} is broken ({reason:words}): {arrears_minor} of what is due is not paid[; it may "
	  "be reinstated "
	  "until {reinstatable_until}]." },
	{ "PlanResumed", NULL, NULL,
	  "Plan {plan_id} about debt {debt_id} holds again, because of payment {payment_id}, which was booked late or "
	  "reversed." },
	{ "PlanReinstated", NULL, NULL, "Plan {plan_id} about debt {debt_id} was reinstated: what is due was paid." },
	{ "PlanCompleted", NULL, NULL, "Plan {plan_id} about debt {debt_id} is completed: {paid_minor} was paid." },
	{ "PlanCancelled", NULL, NULL, "Plan {plan_id} about debt {debt_id} was cancelled: {reason:words}." },
	{ "SettlementOffered", NULL, NULL,
	  "A settlement of debt {debt_id} was offered: {amount_minor} of {balance_minor} by {pay_by}, to be accepted by "
	  "{expires_on}[; "
	  "agreed to by {approved_by}] (settlement {settlement_id})." },
	{ "SettlementAccepted", NULL, NULL,
	  "Settlement {settlement_id} of debt {debt_id} was accepted: {amount_minor} of {balance_minor} is paid by {pay_by}, and "
	  "the "
	  "rest is waived then." },
	{ "SettlementFulfilled", NULL, NULL,
	  "Settlement {settlement_id} of debt {debt_id} is fulfilled: {paid_minor} was paid, and {discount_minor} is waived." },
	{ "SettlementReopened", NULL, NULL,
	  "Settlement {settlement_id} of debt {debt_id} is not fulfilled any more, because payment {payment_id} was reversed: "
	  "{discount_minor} is owed again, and it may be paid up to {grace_ends_on}." },
	{ "SettlementBreached", NULL, NULL,
	  "Settlement {settlement_id} of debt {debt_id} was not paid in time: {shortfall_minor} of {amount_minor} is missing, "
	  "and "
	  "{balance_minor} is owed." },
	{ "SettlementWithdrawn", NULL, NULL, "Settlement {settlement_id} of debt {debt_id} was withdrawn: {reason:words}." },
	{ "SettlementExpired", NULL, NULL,
	  "The offer of settlement {settlement_id} of debt {debt_id} was not accepted by {expires_on}." },
	{ "PromiseSuperseded", NULL, NULL, "Promise {promise_id} about debt {debt_id} gave way to promise {superseded_by}." },
	{ "DisputeRaised", NULL, NULL,
	  "[{portion_minor} of ]debt {debt_id} is disputed ({grounds:words}), received on {received_on}[; it repeats dispute "
	  "{duplicate_of}] (dispute {dispute_id})." },
	{ "DisputeEvidenceAdded", NULL, NULL, "Evidence about dispute {dispute_id} of debt {debt_id} has come." },
	{ "DisputeResolved", NULL, NULL,
	  "Dispute {dispute_id} of debt {debt_id} ({grounds:words}) is over: {outcome:words}; the answer was sent on "
	  "{sent_on}." },
	{ "HoldPlaced", NULL, NULL,
	  "Debt {debt_id} is held from {from_on} on[ until {until_on}]: {kind:words} (hold {hold_id})." },
	{ "HoldExtended", NULL, NULL,
	  "Hold {hold_id} ({kind:words}) of debt {debt_id} is from {from_on} on[ until {until_on}]: hold {merged_hold_id} is a "
	  "part "
	  "of it." },
	{ "HoldBegun", NULL, NULL, "Hold {hold_id} ({kind:words}) of debt {debt_id} has begun." },
	{ "HoldReviewDue", NULL, NULL,
	  "Somebody has to look whether hold {hold_id} ({kind:words}) of debt {debt_id} still holds: since {due_on}." },
	{ "HoldReviewed", NULL, NULL,
	  "Hold {hold_id} ({kind:words}) of debt {debt_id} was reviewed and goes on[; the next review is on {review_on}]." },
	{ "HoldReleased", NULL, NULL, "Hold {hold_id} ({kind:words}) of debt {debt_id} was released." },
	{ "HoldExpired", NULL, NULL, "Hold {hold_id} ({kind:words}) of debt {debt_id} is over since {until_on}." },

	/* ---- messages ---- */
	{ "CommunicationScheduled", NULL, NULL,
	  "Message {communication_id} was asked for: {message_class:words} by {channel}[ about {debt_ids:debt}]; the guard is "
	  "asked at "
	  "{release_at}." },
	{ "CommunicationRescheduled", NULL, NULL,
	  "Message {communication_id} has another time: the guard is asked at {release_at}." },
	{ "CommunicationReleased", NULL, NULL,
	  "Message {communication_id} was released: {message_class:words} by {channel}[ about {debt_ids:debt}], not sent after "
	  "{send_by}." },
	{ "CommunicationMerged", NULL, NULL, "Message {communication_id} became a part of message {into_id}." },
	{ "CommunicationCancelled", NULL, NULL, "Message {communication_id} by {channel} was cancelled before it left." },
	{ "CommunicationSuppressed", NULL, NULL,
	  "Message {communication_id}[ ({message_class:words})] by {channel} was suppressed: {reason:words}." },
	{ "CommunicationProgressed", "state", "submitted",
	  "Message {communication_id} by {channel} was sent: {provider} accepted it." },
	{ "CommunicationProgressed", "state", "delivered", "Message {communication_id} by {channel} was delivered." },
	{ "CommunicationProgressed", "state", "failed",
	  "Message {communication_id} by {channel} failed[: {provider} says {provider_code}]." },
	{ "CommunicationProgressed", "state", "rejected",
	  "Message {communication_id} by {channel} was rejected[: {provider} says {provider_code}]." },
	{ "CommunicationProgressed", "state", "expired",
	  "Message {communication_id} by {channel} expired: it did not leave in time." },
	{ "CommunicationProgressed", "state", "unknown",
	  "Nobody knows whether message {communication_id} by {channel} was sent; it is not sent again." },
	{ "CommunicationProgressed", "state", "retry_wait",
	  "Message {communication_id} by {channel} was not accepted by {provider} and is tried again." },
	{ "CommunicationProgressed", "state", "scheduled",
	  "Message {communication_id} by {channel} waits[: the guard is asked again at {release_at}]." },
	{ "CommunicationProgressed", NULL, NULL, "Message {communication_id} by {channel} is {state:words}." },
	{ "ComplianceDecided", "verdict", "deny", "The guard forbids message {communication_id} by {channel}: {rules}." },
	{ "ComplianceDecided", "verdict", "defer",
	  "The guard lets message {communication_id} by {channel} wait[ until {until}]: {rules}." },
	{ "ComplianceDecided", NULL, NULL, NULL }, /* allowed: its release follows */
	{ "ReceiptIgnored", NULL, NULL, NULL },

	/* ---- what the person wants and wrote, and what is known of them ---- */
	{ "ConsentGranted", NULL, NULL,
	  "Consent was given: {purpose:words} by {channel} ({basis:words})[, until {expires_at}]." },
	{ "ConsentWithdrawn", "channel", "",
	  "The person opted out of every channel, by {via}[; {cancelled:message} cancelled]." },
	{ "ConsentWithdrawn", NULL, NULL, "The person opted out of {channel}, by {via}[; {cancelled:message} cancelled]." },
	{ "InboundReceived", NULL, NULL, "The person wrote by {channel} (inbound message {inbound_id}, {intent})." },
	{ "ContactRecorded", NULL, NULL,
	  "A contact was recorded: {direction} by {channel} with {party:words}, {outcome:words}." },
	{ "PreferenceSet", NULL, NULL,
	  "The person's preferences were set[; no contact by {blocked_channels}][; preferred: {preferred_channel}]." },
	{ "CircumstanceRecorded", NULL, NULL,
	  "A circumstance was recorded: {kind:words} from {from_on}[ until {until_on}][, about debt {debt_id}]." },
	{ "CircumstanceEnded", NULL, NULL, "A circumstance ended: {kind:words}." },

	/* ---- dunning ---- */
	{ "DunningStepDue", "action", "send",
	  "Step {step} of {policy} was due: {template_name} by {channel} was asked for as message {step_id}, about {net_minor} "
	  "of "
	  "{debt_ids:debt}." },
	{ "DunningStepDue", NULL, NULL,
	  "Step {step} of {policy} was due as a task for a person: {action:words} (task {step_id}), about {net_minor} of "
	  "{debt_ids:debt}." },
	{ "DunningStepTaken", NULL, NULL,
	  "Step {step} of {policy} was taken[ by {channel}]: {debt_ids:debt} rose to level {step}." },
	{ "DunningStepFailed", NULL, NULL, "Step {step} failed[ by {channel}]: {reason:words}." },
	{ "DunningStepWithdrawn", NULL, NULL, "Step {step} was withdrawn: {reason:words}." },
	{ "DunningStepSkipped", NULL, NULL,
	  "Step {step} of {policy} failed for good and was skipped: {debt_ids:debt} rose to level {step}." },
	{ "DunningWaiting", "reason", "", "Dunning waits no more: no step is due." },
	{ "DunningWaiting", NULL, NULL,
	  "Dunning waits[ with step {step} of {policy}]: {reason:wait}[; asked again on {ask_on}]." },
	{ "TaskOpened", "kind", "trace", "A task was opened to find out how the person can be reached (task {task_id})." },
	{ "TaskOpened", NULL, NULL, NULL }, /* DunningStepDue says so */
	{ "TaskTaken", NULL, NULL, "Task {task_id} was taken by {taken_by}." },
	{ "TaskReleased", NULL, NULL, "Task {task_id} is open again." },
	{ "TaskPutOff", NULL, NULL, "Task {task_id} was put off until {back_on}." },
	{ "TaskFinished", NULL, NULL, "Task {task_id} was finished: {outcome:words}." },
	{ "TaskCancelled", NULL, NULL, "Task {task_id} was cancelled: {reason:words}." },
	{ "DebtNoted", NULL, NULL, NULL }, /* notes of what other modules' events say */
	{ "PersonNoted", NULL, NULL, NULL },
	{ "StopNoted", NULL, NULL, NULL },

	/* ---- commands ---- */
	{ "CommandRejected", NULL, NULL, "{command_type} was refused: {code:words}[ ({field})]." },
	{ "CommandKept", NULL, NULL, "{command_type} waits for a second person until {expires_at}." },
	{ "ApprovalEnded", NULL, NULL, "{command_type}, which waited for a second person, was {verdict}." },
	{ "CommandIssued", NULL, NULL, NULL },
	{ "EventAnswered", NULL, NULL, NULL },

	/* ---- not about a customer: they are on no timeline ---- */
	{ "TemplatePublished", NULL, NULL, NULL },
	{ "ProfilePublished", NULL, NULL, NULL },
	{ "UnknownInboundReceived", NULL, NULL, NULL },
	{ "CreditorDescribed", NULL, NULL, NULL },
	{ "PortfolioDescribed", NULL, NULL, NULL },
	{ "DebtPolicyPublished", NULL, NULL, NULL },
	{ "PolicyPublished", NULL, NULL, NULL },
	{ "PolicyRetired", NULL, NULL, NULL },
};
const size_t sentences_count = COUNT(sentences);
