/* The templates of the synthetic portfolio: one a class, channel and language. */
#include "json_line.h"
#include "natural_id.h"
#include "sample_messages.h"

struct sample_template {
	const char *name, *message_class, *channel, *language, *subject, *body;
};

static const struct sample_template templates[] = {
	{ "payment-reminder", "reminder", "email", "de", "Erinnerung zu Ihrer Rechnung {{reference}}",
	  "Guten Tag {{name}},\n\nzu Ihrer Rechnung {{reference}} bei {{creditor}}, fällig am {{due_on}}, sind noch {{amount}} "
	  "offen.\n"
	  "Haben Sie schon bezahlt, ist diese Nachricht erledigt.\n\nKeine E-Mails mehr: {{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "de", "",
	  "{{creditor}}: {{amount}} zu {{reference}} sind noch offen, fällig am {{due_on}}. {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "fr", "Rappel : votre facture {{reference}}",
	  "Bonjour {{name}},\n\nSauf erreur de notre part, {{amount}} restent dus à {{creditor}} pour la facture {{reference}}, "
	  "échue le "
	  "{{due_on}}.\n\nNe plus recevoir d'e-mails : {{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "fr", "",
	  "{{creditor}} : {{amount}} restent dus pour {{reference}}, échéance {{due_on}}. {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "nl", "Herinnering: factuur {{reference}}",
	  "Beste {{name}},\n\nVan factuur {{reference}} bij {{creditor}}, vervallen op {{due_on}}, staat nog {{amount}} open.\n\n"
	  "Geen e-mails meer: {{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "nl", "",
	  "{{creditor}}: {{amount}} van {{reference}} staat nog open. {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "en", "Reminder: your account {{reference}}",
	  "Dear {{name}},\n\n{{amount}} is outstanding on your account {{reference}} with {{creditor}}, due on {{due_on}}. If "
	  "you have "
	  "already paid, please ignore this message.\n\nTo stop e-mails: {{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "en", "",
	  "{{creditor}}: {{amount}} is outstanding on {{reference}}, due {{due_on}}. {{opt_out}}" },
	{ "payment-reminder", "reminder", "email", "ja", "お支払いのご確認 {{reference}}",
	  "{{name}} 様\n\n{{creditor}} のご請求 {{reference}}（期日 {{due_on}}）につき {{amount}} が未払いです。\n\n配信停止: "
	  "{{opt_out}}\n" },
	{ "payment-reminder", "reminder", "sms", "ja", "", "{{creditor}}: {{reference}} {{amount}} が未払いです。{{opt_out}}" },
};

int64_t sample_templates_count(void)
{
	return (int64_t)(sizeof(templates) / sizeof(templates[0]));
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
