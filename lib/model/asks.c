#include "model/asks.h"

#include "base/must.h"

enum asks class_asks(enum message_class message_class)
{
	switch (message_class) {
	case MESSAGE_CLASS_DEMAND:
	case MESSAGE_CLASS_SETTLEMENT_OFFER:
	case MESSAGE_CLASS_LEGAL_NOTICE:
		return ASKS_DUE;
	case MESSAGE_CLASS_VALIDATION_NOTICE:
	case MESSAGE_CLASS_REMINDER:
	case MESSAGE_CLASS_PROMISE_REMINDER:
	case MESSAGE_CLASS_PLAN_NOTICE:
		return ASKS_OWED;
	case MESSAGE_CLASS_NONE:
	case MESSAGE_CLASS_PAYMENT_RECEIPT:
	case MESSAGE_CLASS_DISPUTE_REPLY:
	case MESSAGE_CLASS_ORIGINAL_CREDITOR_REPLY:
	case MESSAGE_CLASS_OPT_OUT_CONFIRMATION:
	case MESSAGE_CLASS_CEASE_REPLY:
	case MESSAGE_CLASS_ACCOUNT_SERVICE:
	case MESSAGE_CLASS_COUNT:
		return ASKS_NOTHING;
	}
	MUST_NOT_REACH("no such class");
}

enum asks message_class_asks(struct str message_class)
{
	return class_asks(message_class_by_name(message_class));
}
