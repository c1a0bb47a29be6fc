/* The templates of the synthetic portfolio: one per class, channel and language. */
#include "base/array.h"
#include "json_line.h"
#include "natural_id.h"
#include "sample_messages.h"

struct sample_template {
	const char *name, *message_class, *channel, *language, *subject, *body;
};

/* Tokens that the communications module fills, except creditor: a parameter of the message. */
static const struct sample_template templates[] = {
	{ "payment-reminder", "reminder", "email", "de", "Erinnerung zu Ihrer Rechnung {{debt_reference}}",
	  "Guten Tag {{customer_name}},\n\nzu Ihrer Rechnung {{debt_reference}} bei {{creditor}}, fällig am {{due_on}}, sind "
	  "noch "
	  "{{balance}} {{currency}} offen. Haben Sie schon bezahlt, ist diese Nachricht erledigt.\n\n{{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "de", "",
	  "{{creditor}}: {{balance}} {{currency}} zu {{debt_reference}} sind noch offen. {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "fr", "Rappel : votre facture {{debt_reference}}",
	  "Bonjour {{customer_name}},\n\nSauf erreur de notre part, {{balance}} {{currency}} restent dus à {{creditor}} pour la "
	  "facture "
	  "{{debt_reference}}, échue le {{due_on}}.\n\n{{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "fr", "",
	  "{{creditor}} : {{balance}} {{currency}} restent dus pour {{debt_reference}}. {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "nl", "Herinnering: factuur {{debt_reference}}",
	  "Beste {{customer_name}},\n\nVan factuur {{debt_reference}} bij {{creditor}}, vervallen op {{due_on}}, staat nog "
	  "{{balance}} "
	  "{{currency}} open.\n\n{{opt_out}}\n" },
	{ "payment-reminder", "reminder", "email", "en", "Reminder: your account {{debt_reference}}",
	  "Dear {{customer_name}},\n\n{{balance}} {{currency}} is outstanding on your account {{debt_reference}} with "
	  "{{creditor}}, due on "
	  "{{due_on}}. If you have already paid, please ignore this message.\n\n{{disclosure}}\n\n{{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "en", "",
	  "{{creditor}}: {{balance}} {{currency}} is outstanding on {{debt_reference}}. {{disclosure}} {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "ja", "お支払いのご確認 {{debt_reference}}",
	  "{{customer_name}} 様\n\n{{creditor}} のご請求 {{debt_reference}}（期日 {{due_on}}）につき {{balance}} {{currency}} "
	  "が未払いです。\n\n"
	  "{{opt_out}}\n" },
};

int64_t sample_templates_count(void)
{
	return (int64_t)COUNT(templates);
}

void sample_template(int64_t index, struct buf *lines)
{
	const struct sample_template *template = &templates[index];
	struct uuid id = template_id_of(str_of(template->name), str_of(template->channel), str_of(template->language));
	struct json_line line;

	json_line_begin(&line, lines, "PublishTemplate");
	json_line_id(&line, "template_id", &id);
	json_line_text(&line, "name", template->name);
	json_line_number(&line, "version", 1);
	json_line_text(&line, "channel", template->channel);
	json_line_text(&line, "language", template->language);
	json_line_text(&line, "message_class", template->message_class);
	json_line_text(&line, "subject", template->subject);
	json_line_text(&line, "body", template->body);
	json_line_end(&line);
}
