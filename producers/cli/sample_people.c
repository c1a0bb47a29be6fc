/* Countries, names and the people of the synthetic portfolio. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "dice.h"
#include "natural_id.h"
#include "sample_world.h"

#define DICE_PERSON 1

static const char *const german_given[] = { "Anna",   "Lukas",  "Sophie", "Jonas",  "Marie", "Felix",     "Lena",   "Maximilian",
					    "Emilia", "Paul",   "Hannah", "Leon",   "Clara", "Jürgen",    "Sabine", "Thomas",
					    "Petra",  "Stefan", "Monika", "Jörg",   "Aylin", "Mehmet",    "Katrin", "Björn",
					    "Ilse",   "Dieter", "Ursula", "Günter", "Nora",  "Sebastian", NULL };
static const char *const german_family[] = { "Müller", "Schmidt", "Schneider", "Fischer", "Weber",   "Meyer",      "Wagner",
					     "Becker", "Schulz",  "Hoffmann",  "Schäfer", "Koch",    "Bauer",      "Richter",
					     "Klein",  "Wolf",    "Schröder",  "Neumann", "Schwarz", "Zimmermann", "Braun",
					     "Krüger", "Hofmann", "Hartmann",  "Lange",   "Werner",  "Krause",     "Lehmann",
					     "Köhler", "Yıldız",  "Großmann",  "Öztürk",  NULL };
static const char *const german_forms[] = { "GmbH", "AG", "OHG", "e. K.", "& Söhne GmbH & Co. KG", NULL };

static const char *const french_given[] = { "Camille", "Hugo",     "Léa",       "Louis",   "Chloé",  "Gabriel", "Manon",
					    "Jules",   "Inès",     "Raphaël",   "Zoé",     "Théo",   "Aurélie", "Nicolas",
					    "Céline",  "François", "Amélie",    "Étienne", "Sylvie", "Benoît",  "Fatima",
					    "Karim",   "Élodie",   "Jean-Marc", NULL };
static const char *const french_family[] = { "Martin", "Bernard", "Thomas",   "Petit",     "Robert",   "Richard", "Durand",
					     "Dubois", "Moreau",  "Laurent",  "Simon",     "Michel",   "Lefèvre", "Leroy",
					     "Roux",   "David",   "Bertrand", "Morel",     "Fournier", "Girard",  "Mercier",
					     "Dupont", "Guérin",  "N'Diaye",  "d'Amboise", "Lemaître", NULL };
static const char *const french_forms[] = { "SARL", "SA", "SAS", "EURL", NULL };

static const char *const dutch_given[] = { "Daan",  "Emma",  "Sem",   "Julia",  "Bram",    "Tess",   "Lars",  "Sanne", "Joris",
					   "Fleur", "Thijs", "Anouk", "Pieter", "Marijke", "Willem", "Femke", NULL };
static const char *const dutch_family[] = { "de Jong", "Jansen",     "de Vries", "van den Berg", "Bakker", "Visser",
					    "Smit",    "Meijer",     "de Boer",  "Mulder",       "Bos",    "Vos",
					    "Peters",  "van 't Hof", "Hendriks", "Dekker",       NULL };
static const char *const dutch_forms[] = { "B.V.", "N.V.", "V.O.F.", NULL };

static const char *const english_given[] = { "Oliver", "Amelia",   "George", "Isla",  "Harry", "Ava",   "Noah",
					     "Grace",  "Jack",     "Emily",  "Leo",   "Freya", "Oscar", "Ivy",
					     "Arthur", "Florence", "Aoife",  "Conor", "Priya", "Imran", "Saoirse",
					     "Rhys",   "Niamh",    "Declan", NULL };
static const char *const english_family[] = { "Smith",  "Jones",   "Taylor",  "Brown",  "Williams", "Wilson",   "Johnson",
					      "Davies", "Patel",   "Wright",  "Walker", "Robinson", "Thompson", "White",
					      "Hughes", "Edwards", "O'Brien", "Murphy", "Kelly",    "Byrne",    "Ryan",
					      "Khan",   "Clarke",  "Hall",    NULL };
static const char *const english_forms[] = { "Ltd", "LLP", "plc", NULL };

static const char *const american_given[] = { "Liam",   "Olivia",  "Ethan",  "Mia",   "Mason", "Harper",
					      "Logan",  "Abigail", "José",   "Sofía", "Tyler", "Brianna",
					      "Marcus", "Keisha",  "Dakota", "Wei",   NULL };
static const char *const american_family[] = { "Johnson",  "Williams",  "Garcia", "Miller",     "Davis", "Rodriguez",
					       "Martinez", "Hernandez", "Lopez",  "Anderson",   "Moore", "Jackson",
					       "Nguyen",   "Lee",       "Harris", "Washington", NULL };
static const char *const american_forms[] = { "Inc.", "LLC", "Corp.", NULL };

static const char *const japanese_given[] = { "翔太", "陽菜", "大輔", "美咲", "健一", "さくら", "直樹", "由美", NULL };
static const char *const japanese_family[] = { "佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", NULL };
static const char *const japanese_forms[] = { "株式会社", NULL };

static const char *const none[] = { "", NULL };
static const char *const berlin[] = { "Europe/Berlin", NULL };
static const char *const paris[] = { "Europe/Paris", NULL };
static const char *const amsterdam[] = { "Europe/Amsterdam", NULL };
static const char *const vienna[] = { "Europe/Vienna", NULL };
static const char *const dublin[] = { "Europe/Dublin", NULL };
static const char *const london[] = { "Europe/London", NULL };
static const char *const american_times[] = { "America/New_York",    "America/Chicago",  "America/Denver",
					      "America/Los_Angeles", "America/New_York", NULL };
static const char *const american_regions[] = { "NY", "IL", "CO", "CA", "MA", NULL };
static const char *const tokyo[] = { "Asia/Tokyo", NULL };

const struct country sample_countries[] = {
	{ "DE", "de-DE", "de", "EUR", berlin, none, 42, false, german_given, german_family, german_forms },
	{ "FR", "fr-FR", "fr", "EUR", paris, none, 22, false, french_given, french_family, french_forms },
	{ "NL", "nl-NL", "nl", "EUR", amsterdam, none, 8, false, dutch_given, dutch_family, dutch_forms },
	{ "AT", "de-AT", "de", "EUR", vienna, none, 6, false, german_given, german_family, german_forms },
	{ "IE", "en-IE", "en", "EUR", dublin, none, 4, false, english_given, english_family, english_forms },
	{ "GB", "en-GB", "en", "GBP", london, none, 9, false, english_given, english_family, english_forms },
	{ "US", "en-US", "en", "USD", american_times, american_regions, 7, false, american_given, american_family,
	  american_forms },
	{ "JP", "ja-JP", "ja", "JPY", tokyo, none, 2, true, japanese_given, japanese_family, japanese_forms },
};
const size_t sample_countries_count = COUNT(sample_countries);

#define COUNTRIES_MAX 16
_Static_assert(COUNT(sample_countries) <= COUNTRIES_MAX, "the weights have room");

static size_t list_count(const char *const *list)
{
	size_t count = 0;

	while (list[count] != NULL)
		count++;
	return count;
}

static const char *draw(struct dice *dice, const char *const *list)
{
	return list[dice_between(dice, 0, (int64_t)list_count(list) - 1)];
}

static const struct country *draw_country(struct dice *dice)
{
	int weights[COUNTRIES_MAX];

	for (size_t i = 0; i < sample_countries_count; i++)
		weights[i] = sample_countries[i].weight;
	return &sample_countries[dice_pick(dice, weights, sample_countries_count)];
}

static void draw_name(struct dice *dice, struct sample_person *person)
{
	const struct country *country = person->country;
	const char *family = draw(dice, country->family_names);
	const char *given = draw(dice, country->given_names);

	if (person->is_company)
		snprintf(person->name, sizeof(person->name), "%s %s", family, draw(dice, country->company_forms));
	else if (country->family_first)
		snprintf(person->name, sizeof(person->name), "%s%s", family, given);
	else
		snprintf(person->name, sizeof(person->name), "%s %s", given, family);
}

/* The letters a-z of a text, in lower case; other characters are dropped. */
static void plain_letters(char *letters, size_t size, const char *text)
{
	size_t count = 0;

	for (; *text != '\0' && count < size - 1; text++) {
		char letter = ascii_lower(*text);

		if (letter >= 'a' && letter <= 'z')
			letters[count++] = letter;
		else if (*text == ' ' && count > 0 && letters[count - 1] != '.')
			letters[count++] = '.';
	}
	while (count > 0 && letters[count - 1] == '.')
		count--;
	letters[count] = '\0';
}

static void draw_email(struct dice *dice, struct sample_person *person)
{
	static const char *const domains[] = {
		"example.com", "example.org", "example.net", "mail.example", "post.example", NULL
	};
	char letters[64];

	if (!dice_chance(dice, 930))
		return;
	plain_letters(letters, sizeof(letters), person->name);
	snprintf(person->email, sizeof(person->email), "%s%s%lld@%s", letters[0] != '\0' ? letters : "kunde",
		 letters[0] != '\0' ? "." : "", (long long)person->index + 1, draw(dice, domains));
}

/* An area code of the region: another would say that the person may be somewhere else, where it is another hour. */
static int area_code(const char *region)
{
	static const struct {
		const char *region;
		int code;
	} areas[] = { { "NY", 212 }, { "IL", 312 }, { "CO", 303 }, { "CA", 310 }, { "MA", 617 } };

	for (size_t index = 0; index < COUNT(areas); index++) {
		if (strcmp(areas[index].region, region) == 0)
			return areas[index].code;
	}
	MUST_NOT_REACH("every region of the United States that people come from has one");
}

/* Only numbers reserved for fiction; in countries without such a range, none. */
static void draw_mobile(struct dice *dice, struct sample_person *person)
{
	static const char *const german_drama[] = { "+493023125", "+496990009", "+494066969", "+492214710", "+498999998", NULL };
	const char *code = person->country->code;

	if (!dice_chance(dice, 880))
		return;
	if (strcmp(code, "DE") == 0)
		snprintf(person->mobile, sizeof(person->mobile), "%s%03lld", draw(dice, german_drama),
			 (long long)dice_between(dice, 0, 999));
	else if (strcmp(code, "FR") == 0)
		snprintf(person->mobile, sizeof(person->mobile), "+3363998%04lld", (long long)dice_between(dice, 0, 9999));
	else if (strcmp(code, "GB") == 0)
		snprintf(person->mobile, sizeof(person->mobile), "+447700900%03lld", (long long)dice_between(dice, 0, 999));
	else if (strcmp(code, "US") == 0)
		snprintf(person->mobile, sizeof(person->mobile), "+1%d55501%02lld", area_code(person->region),
			 (long long)dice_between(dice, 0, 99));
}

void sample_person(const struct world *world, int64_t index, struct sample_person *ret_person)
{
	struct dice dice = dice_of(world->seed, DICE_PERSON, (uint64_t)index);
	struct sample_person person = { .index = index };
	int64_t place = 0;

	person.country = draw_country(&dice);
	snprintf(person.ref, sizeof(person.ref), "C-%07lld", (long long)index + 1);
	person.is_company = dice_chance(&dice, 50);
	draw_name(&dice, &person);
	if (!person.is_company)
		day_format(person.birth_date, world->today - (int32_t)dice_between(&dice, 19 * 365, 88 * 365));
	place = dice_between(&dice, 0, (int64_t)list_count(person.country->timezones) - 1);
	person.timezone = person.country->timezones[place];
	person.region = person.country->regions[place];
	draw_email(&dice, &person);
	draw_mobile(&dice, &person);
	person.id = customer_id_of(str_of(person.ref));
	*ret_person = person;
}
