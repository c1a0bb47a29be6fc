#include "base/array.h"
#include "base/must.h"
#include "consumers/communications/communications.h"

/* ---- templates ---- */

static bool is_small(char letter)
{
	return letter >= 'a' && letter <= 'z';
}

static bool is_digit(char letter)
{
	return letter >= '0' && letter <= '9';
}

bool template_name_is_valid(struct str name)
{
	if (name.size == 0 || name.size > TEMPLATE_NAME_MAX)
		return false;
	for (size_t index = 0; index < name.size; index++) {
		char letter = name.data[index];

		if (!is_small(letter) && !is_digit(letter) && letter != '_' && letter != '.' && letter != '-')
			return false;
	}
	return true;
}

bool language_widen(struct str *language)
{
	size_t size = language->size;

	while (size > 0 && language->data[size - 1] != '-')
		size--;
	if (size < 2)
		return false;
	size--;
	/* A single letter is no subtag of its own: zh-x-ours is zh. */
	if (size >= 2 && language->data[size - 2] == '-')
		size -= 2;
	language->size = size;
	return true;
}

/*
 * The rank of a state; a message only moves to a higher rank. A late report has a lower rank than the known state: "accepted"
 * after "delivered" changes nothing. "delivered" is above the failures: it is certain, and providers have been seen to deliver
 * after they reported a failure. No report moves a message that was never tried, or that was cancelled. One that waits again is moved
 * by what came of a try: of an earlier one, or of one that the notifier had given up before it learnt of the new time.
 */
static const uint8_t ranks[] = {
	[COMMUNICATION_NONE] = 0,      [COMMUNICATION_RELEASED] = 1,   [COMMUNICATION_RETRY_WAIT] = 2,
	[COMMUNICATION_UNKNOWN] = 3,   [COMMUNICATION_SUBMITTED] = 4,  [COMMUNICATION_FAILED] = 5,
	[COMMUNICATION_EXPIRED] = 5,   [COMMUNICATION_REJECTED] = 5,   [COMMUNICATION_DELIVERED] = 6,
	[COMMUNICATION_CANCELLED] = 7, [COMMUNICATION_SUPPRESSED] = 7, [COMMUNICATION_SCHEDULED] = 7,
	[COMMUNICATION_MERGED] = 7,
};
_Static_assert(COUNT(ranks) == COMMUNICATION_STATE_COUNT, "a rank for each");

/* Its text may be made anew: it has not ended, or a person may find out that it was not sent. */
bool communication_may_be_asked_again(enum communication_state state)
{
	return state == COMMUNICATION_SCHEDULED || state == COMMUNICATION_RELEASED || state == COMMUNICATION_RETRY_WAIT ||
	       state == COMMUNICATION_UNKNOWN;
}

bool communication_moves(enum communication_state from, int32_t from_attempt, enum communication_state to, int32_t to_attempt)
{
	MUST(from < COMMUNICATION_STATE_COUNT);
	MUST(to < COMMUNICATION_STATE_COUNT);
	if (to == COMMUNICATION_SCHEDULED)
		return (from == COMMUNICATION_RELEASED || from == COMMUNICATION_RETRY_WAIT) && to_attempt > from_attempt;
	if (from == COMMUNICATION_SCHEDULED && (from_attempt > 0 || to_attempt > 0))
		return ranks[to] > ranks[COMMUNICATION_RETRY_WAIT];
	if (from == COMMUNICATION_RETRY_WAIT && to == COMMUNICATION_RETRY_WAIT)
		return to_attempt > from_attempt;
	return ranks[to] > ranks[from];
}

const struct queued *queue_find(const struct queue *queue, const struct uuid *communication_id)
{
	for (uint32_t index = 0; queue != NULL && index < queue->count; index++) {
		if (uuid_equal(&queue->messages[index].communication_id, communication_id))
			return &queue->messages[index];
	}
	return NULL;
}

bool recipient_permits(const struct recipient *recipient, enum channel channel, enum purpose purpose)
{
	const struct permission *permission = &recipient->permissions[channel][purpose];

	return permission->obtained_at_ms > recipient->withdrawn_at_ms[channel];
}

/* ---- sentences that the law asks for ---- */

struct sentences {
	const char *language;
	const char *opt_out_sms;
	const char *opt_out_email;
	const char *disclosure;
};

/*
 * The opt-out of an SMS in a Latin script has only characters of the GSM 7-bit alphabet: a single other character doubles the price
 * of the message. The disclosure has, too, but in Polish.
 */
static const struct sentences all_sentences[] = {
	{ "en", "Reply STOP to opt out.", "To receive no more e-mails about this, reply with the word STOP.",
	  "This is an attempt to collect a debt by a debt collector. Information obtained will be used for that purpose." },
	{ "de", "Antworten Sie STOP, um keine SMS mehr zu erhalten.",
	  "Wenn Sie dazu keine E-Mails mehr erhalten m\xc3\xb6"
	  "chten, antworten Sie mit dem Wort STOP.",
	  "Diese Nachricht kommt von einem Inkassounternehmen und dient dem Einzug einer Forderung. Erlangte Angaben werden "
	  "daf\xc3\xbcr verwendet." },
	{ "es", "Responda STOP para dejar de recibir SMS.", "Para no recibir m\xc3\xa1s correos, responda con la palabra STOP.",
	  "Este mensaje es de un cobrador que intenta cobrar una deuda. Los datos obtenidos se usan para ese fin." },
	{ "fr", "R\xc3\xa9pondez STOP pour ne plus recevoir de SMS.",
	  "Pour ne plus recevoir d'e-mails, r\xc3\xa9pondez avec le mot STOP.",
	  "Ce message vient d'un agent de recouvrement qui cherche \xc3\xa0 recouvrer une dette. Toute information obtenue "
	  "servira \xc3\xa0 cette fin." },
	{ "it", "Rispondi STOP per non ricevere altri SMS.", "Per non ricevere altre e-mail, rispondi con la parola STOP.",
	  "Questo messaggio viene da una societ\xc3\xa0 di recupero che cerca di riscuotere un debito. I dati ottenuti servono a "
	  "questo scopo." },
	{ "nl", "Antwoord STOP om geen sms meer te krijgen.",
	  "Antwoord met het woord STOP als u hierover geen e-mail meer wilt krijgen.",
	  "Dit bericht komt van een incassobureau dat een schuld probeert te innen. Verkregen informatie wordt daarvoor "
	  "gebruikt." },
	{ "pt", "Responda STOP para deixar de receber SMS.", "Para n\xc3\xa3o receber mais e-mails, responda com a palavra STOP.",
	  "Esta mensagem \xc3\xa9 de um cobrador que procura receber uma quantia em atraso. Os dados obtidos servem para esse "
	  "fim." },
	{ "da", "Svar STOP for ikke at f\xc3\xa5 flere sms.", "Svar med ordet STOP, hvis du ikke vil have flere e-mails.",
	  "Denne besked er fra et inkassofirma, der vil inddrive en g\xc3\xa6ld. Oplysninger, vi f\xc3\xa5r, bruges til det "
	  "form\xc3\xa5l." },
	{ "sv", "Svara STOP om du inte vill ha fler sms.", "Svara med ordet STOP om du inte vill ha fler e-postmeddelanden.",
	  "Detta meddelande kommer fr\xc3\xa5n ett inkassobolag som vill driva in en skuld. Uppgifter som l\xc3\xa4mnas "
	  "anv\xc3\xa4nds f\xc3\xb6r det." },
	{ "nb", "Svar STOP for \xc3\xa5 slippe flere SMS.", "Svar med ordet STOP hvis du ikke vil ha flere e-poster.",
	  "Denne meldingen er fra et inkassoforetak som vil kreve inn en gjeld. Opplysninger vi f\xc3\xa5r, brukes til det." },
	{ "fi", "Vastaa STOP, jos et halua en\xc3\xa4\xc3\xa4 tekstiviestej\xc3\xa4.",
	  "Jos et halua en\xc3\xa4\xc3\xa4 s\xc3\xa4hk\xc3\xb6posteja, vastaa sanalla STOP.",
	  "Viestin l\xc3\xa4hett\xc3\xa4j\xc3\xa4 on perint\xc3\xa4toimisto, joka perii velkaa. Saatuja tietoja "
	  "k\xc3\xa4ytet\xc3\xa4\xc3\xa4n siihen." },
	{ "pl", "Odpisz STOP, aby nie otrzymywac SMS.",
	  "Aby nie otrzymywa\xc4\x87 wi\xc4\x99"
	  "cej e-maili, odpowiedz s\xc5\x82owem STOP.",
	  "Wiadomo\xc5\x9b\xc4\x87 od windykatora w sprawie odzyskania d\xc5\x82ugu. Uzyskane informacje "
	  "pos\xc5\x82u\xc5\xbc\xc4\x85 temu celowi." },
	{ "ja",
	  "\xe9\x85\x8d\xe4\xbf\xa1\xe5\x81\x9c\xe6\xad\xa2\xe3\x81\xafSTOP\xe3\x81\xa8\xe8\xbf\x94\xe4\xbf\xa1\xe3\x81\x97\xe3"
	  "\x81\xa6\xe3\x81\x8f\xe3\x81\xa0\xe3\x81\x95\xe3\x81\x84\xe3\x80\x82",
	  "\xe9\x85\x8d\xe4\xbf\xa1\xe5\x81\x9c\xe6\xad\xa2\xe3\x82\x92\xe3\x81\x94\xe5\xb8\x8c\xe6\x9c\x9b\xe3\x81\xae\xe5\xa0"
	  "\xb4\xe5\x90\x88\xe3\x81\xaf\xe3\x80\x81STOP\xe3\x81\xa8\xe3\x81\x94\xe8\xbf\x94\xe4\xbf\xa1\xe3\x81\x8f\xe3\x81\xa0"
	  "\xe3\x81\x95\xe3\x81\x84\xe3\x80\x82",
	  "\xe6\x9c\xac\xe3\x83\xa1\xe3\x83\x83\xe3\x82\xbb\xe3\x83\xbc\xe3\x82\xb8\xe3\x81\xaf\xe5\x82\xb5\xe6\xa8\xa9\xe5\x9b"
	  "\x9e\xe5\x8f\x8e\xe6\xa5\xad\xe8\x80\x85\xe3\x81\x8c\xe5\x82\xb5\xe6\xa8\xa9\xe3\x81\xae\xe5\x9b\x9e\xe5\x8f\x8e\xe3"
	  "\x81\xae\xe3\x81\x9f\xe3\x82\x81\xe3\x81\xab\xe9\x80\x81\xe3\x82\x8b\xe3\x82\x82\xe3\x81\xae\xe3\x81\xa7\xe3\x81\x99"
	  "\xe3\x80\x82\xe5\xbe\x97\xe3\x82\x89\xe3\x82\x8c\xe3\x81\x9f\xe6\x83\x85\xe5\xa0\xb1\xe3\x81\xaf\xe3\x81\x9d\xe3\x81"
	  "\xae\xe7\x9b\xae\xe7\x9a\x84\xe3\x81\xab\xe4\xbd\xbf\xe7\x94\xa8\xe3\x81\x95\xe3\x82\x8c\xe3\x81\xbe\xe3\x81\x99\xe3"
	  "\x80\x82" },
};

/* NULL: none in this language. */
static const struct sentences *find_sentences(struct str language)
{
	struct str rest;
	struct str wanted = str_cut(language, '-', &rest);

	for (size_t index = 0; index < COUNT(all_sentences); index++) {
		if (str_is(wanted, all_sentences[index].language))
			return &all_sentences[index];
	}
	return NULL;
}

bool language_has_sentences(struct str language)
{
	return find_sentences(language) != NULL;
}

struct str opt_out_statement(enum channel channel, struct str language)
{
	const struct sentences *sentences = find_sentences(language);

	if (sentences == NULL)
		sentences = &all_sentences[0];
	return str_of(channel == CHANNEL_SMS ? sentences->opt_out_sms : sentences->opt_out_email);
}

struct str disclosure_statement(struct str language)
{
	const struct sentences *sentences = find_sentences(language);

	return str_of((sentences == NULL ? &all_sentences[0] : sentences)->disclosure);
}
