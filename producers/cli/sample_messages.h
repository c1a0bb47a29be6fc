#ifndef CLI_SAMPLE_MESSAGES_H
#define CLI_SAMPLE_MESSAGES_H

#include "base/buf.h"
#include "sample_world.h"

/*
 * Templates, consents, withdrawals and messages of the synthetic portfolio, as lines for `dcs publish`. Each function appends
 * one line with its line end, or nothing if there is nothing for this index.
 */
int64_t sample_templates_count(void);
void sample_template(int64_t index, struct buf *lines); /* PublishTemplate */

void sample_consents(const struct world *world, int64_t customer, struct buf *lines);       /* GrantConsent, up to two lines */
void sample_message_consent(const struct world *world, int64_t message, struct buf *lines); /* GrantConsent, of a recipient */
void sample_withdrawal(const struct world *world, int64_t message, struct buf *lines); /* WithdrawConsent, of a few recipients */
void sample_message(const struct world *world, int64_t message, struct buf *lines);    /* SendCommunication */

#endif
