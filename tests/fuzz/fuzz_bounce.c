/*
 * A mail that came back, or that a person wrote, as anybody on the internet may write one.
 *
 *   input   0 a whole mail | 1 what stands behind an address of ours with its signature, which no fuzzer finds by chance
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "producers/cli/bounce_mail.h"
#include "producers/cli/reply_mail.h"
#include "tests/fuzz/fuzz.h"

#define MAIL_MAX 65536

static const uint8_t key[32] = { 7 };
static char address[128];

static void make_address(void)
{
	static const char content[] = "bounce|000102030405060708090a0b0c0d0e0f";
	uint8_t signature[DIGEST_SIZE];
	char text[2 * DIGEST_SIZE + 1];
	struct err err = ERR_INIT;

	if (crypto_init(&err) != 0)
		exit(1);
	sign(signature, str_of(content), key);
	hex_from_bytes(text, signature, sizeof(signature));
	(void)snprintf(address, sizeof(address), "To: <bounce+%s.%.24s@dcs.example>\n", content + 7, text);
}

/* What is taken becomes a command: its parts are as the command's must be. */
static void read_reply(struct str mail)
{
	static struct arena arena;
	struct err err = ERR_INIT;
	struct reply reply;

	if (arena.size == 0 && arena_init(&arena, (size_t)1 << 20, &err) != 0)
		exit(1);
	arena_reset(&arena);
	if (reply_mail_read(mail, &arena, &reply) != REPLY_TAKEN)
		return;
	MUST(address_is_email(str_of(reply.sender)));
	MUST(str_is_text(reply.text) && str_characters(reply.text) <= REPLY_TEXT_MAX);
	MUST(reply.is_readable || reply.text.size == 0);
	for (const char *at = reply.id; *at != '\0'; at++)
		MUST(*at > 0x20 && *at < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };
	static char mail[MAIL_MAX];
	struct bounce bounce = { .status = "" };
	uint8_t what = input_u8(&input) & 1;
	struct str text = input_rest(&input);
	enum bounce_verdict verdict;
	size_t before;

	if (address[0] == '\0')
		make_address();
	before = what == 1 ? strlen(address) : 0;
	if (text.size > sizeof(mail) - before)
		return 0;
	memcpy(mail, address, before);
	if (text.size > 0)
		memcpy(mail + before, text.data, text.size);
	verdict = bounce_mail_read((struct str){ .data = mail, .size = before + text.size }, key, &bounce);
	read_reply((struct str){ .data = mail, .size = before + text.size });
	if (what == 1)
		MUST(verdict == BOUNCE_READ || verdict == BOUNCE_NO_STATUS);
	MUST(!bounce.is_of_address || bounce.is_final);
	MUST(!bounce.is_final || (verdict == BOUNCE_READ && bounce.status[0] == '5'));
	return 0;
}
