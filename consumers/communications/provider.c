#include "consumers/communications/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/*
 * Domains under which a provider gives mailboxes to the public, by the providers' own sign-up pages: Google, Microsoft, Yahoo, AOL,
 * Apple, Proton, GMX and WEB.DE (1&1), mail.com, Tuta, Fastmail, Zoho, Yandex, Mail.ru, QQ, NetEase; and internet providers that
 * give them to their customers: Comcast, AT&T, Verizon, Cox, Charter, BT, Sky, Virgin Media, TalkTalk, Deutsche Telekom, Vodafone,
 * Freenet, Orange, Free, SFR, La Poste, Libero, Virgilio, TIM, KPN, Ziggo, Telenet, Proximus, Bigpond, Optus, Rogers, Bell, Shaw,
 * NTT. Where one brand has other domains, those are unknown until they are added. Sorted.
 */
static const char *const public_domains[] = {
	"126.com",         "163.com",      "aim.com",       "alice.it",      "aol.com",        "aol.de",
	"att.net",         "bell.net",     "bellsouth.net", "bigpond.com",   "bigpond.net.au", "bluewin.ch",
	"btinternet.com",  "charter.net",  "comcast.net",   "cox.net",       "docomo.ne.jp",   "email.de",
	"fastmail.com",    "foxmail.com",  "free.fr",       "freenet.de",    "gmail.com",      "gmx.at",
	"gmx.ch",          "gmx.com",      "gmx.de",        "gmx.net",       "googlemail.com", "hetnet.nl",
	"hotmail.co.uk",   "hotmail.com",  "hotmail.de",    "hotmail.es",    "hotmail.fr",     "hotmail.it",
	"icloud.com",      "kpnmail.nl",   "laposte.net",   "libero.it",     "live.co.uk",     "live.com",
	"live.de",         "live.fr",      "live.nl",       "mac.com",       "magenta.de",     "mail.com",
	"mail.ru",         "mailbox.org",  "me.com",        "msn.com",       "neuf.fr",        "optusnet.com.au",
	"orange.fr",       "outlook.com",  "outlook.de",    "outlook.es",    "outlook.fr",     "planet.nl",
	"pm.me",           "posteo.de",    "proton.me",     "protonmail.ch", "protonmail.com", "qq.com",
	"rocketmail.com",  "rogers.com",   "sbcglobal.net", "sfr.fr",        "shaw.ca",        "sky.com",
	"skynet.be",       "sympatico.ca", "t-online.de",   "talktalk.net",  "telenet.be",     "tim.it",
	"tuta.com",        "tuta.io",      "tutanota.com",  "tutanota.de",   "verizon.net",    "virgilio.it",
	"virginmedia.com", "vodafone.de",  "wanadoo.fr",    "web.de",        "yahoo.ca",       "yahoo.co.jp",
	"yahoo.co.uk",     "yahoo.com",    "yahoo.com.au",  "yahoo.de",      "yahoo.es",       "yahoo.fr",
	"yahoo.it",        "yandex.com",   "yandex.ru",     "ymail.com",     "ziggo.nl",       "zoho.com",
	"zohomail.com",
};

#define DOMAIN_SIZE_MAX 32

static int compare_domain(const void *key, const void *domain)
{
	return strcmp(key, *(const char *const *)domain);
}

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

enum guard_provider provider_of(struct str address)
{
	char domain[DOMAIN_SIZE_MAX];
	size_t at = address.size;
	size_t size;

	while (at > 0 && address.data[at - 1] != '@')
		at--;
	size = address.size - at;
	if (at == 0 || size == 0 || size >= sizeof(domain))
		return PROVIDER_NONE;
	for (size_t index = 0; index < size; index++)
		domain[index] = lower(address.data[at + index]);
	domain[size] = '\0';
	return bsearch(domain, public_domains, COUNT(public_domains), sizeof(public_domains[0]), compare_domain) == NULL
		       ? PROVIDER_NONE
		       : PROVIDER_PUBLIC;
}
