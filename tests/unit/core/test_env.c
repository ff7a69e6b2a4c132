/* Quoting for logs, tokens, and the log line. */
#include <criterion/criterion.h>
#include <string.h>
#include "core/env.h"

struct world {
	uint8_t next; /* what the random source gives: counting up */
	char line[1200];
	enum log_level level;
};

static void world_random(void *arg, void *buf, size_t len)
{
	struct world *world = arg;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = world->next++;
}

static void world_log(void *arg, enum log_level level, const char *line)
{
	struct world *world = arg;
	world->level = level;
	snprintf(world->line, sizeof(world->line), "%s", line);
}

Test(env, log_quote)
{
	static const struct {
		const char *text;
		size_t size;
		const char *want;
	} cases[] = {
	    {"plain", 64, "\"plain\""},
	    {"", 64, "\"\""},
	    {NULL, 64, "\"\""},
	    {"a\"b\\c", 64, "\"a\\\"b\\\\c\""},
	    {"line\r\nevent=forged", 64, "\"line\\x0d\\x0aevent=forged\""},
	    {"\x01\x7f\xc3\xa9", 64, "\"\\x01\\x7f\\xc3\\xa9\""},
	    {"0123456789", 12, "\"01234\""},
	    {"abc", 3, "\"\""},
	    {"abc", 2, ""},
	    {"abc", 0, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[80];
		memset(buf, 'x', sizeof(buf));
		cr_assert_str_eq(log_quote(buf, cases[i].size, cases[i].text), cases[i].want, "case %zu", i);
		cr_assert_eq(buf[cases[i].size], 'x', "case %zu writes behind its buffer", i);
	}
}

Test(env, log_quote_fits_every_size)
{
	for (size_t size = 3; size < 40; size++) {
		char buf[48];
		memset(buf, 'x', sizeof(buf));
		const char *out = log_quote(buf, size, "\x01\x02\"\\\x03zzzzzzzzzzzzz\x04");
		size_t len = strlen(out);
		cr_assert_lt(len, size);
		cr_assert_eq(out[0], '"');
		cr_assert_eq(out[len - 1], '"');
		cr_assert_eq(buf[size], 'x');
	}
}

Test(env, log_event_is_one_cut_line)
{
	struct world world = {0};
	struct seam seam = {.arg = &world, .log = world_log};
	struct env env = {.seam = &seam};
	char big[3000];
	log_event(&env, LOG_LEVEL_WARNING, "event=%s n=%d", "x", 7);
	cr_assert_str_eq(world.line, "event=x n=7");
	cr_assert_eq(world.level, LOG_LEVEL_WARNING);
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	log_event(&env, LOG_LEVEL_INFO, "%s", big);
	cr_assert_eq(strlen(world.line), 1023);
}

Test(env, tokens_are_unbiased_and_bounded)
{
	struct world world = {0};
	struct seam seam = {.arg = &world, .random = world_random};
	struct env env = {.seam = &seam};
	unsigned count[256] = {0};
	char token[253];
	memset(token, '!', sizeof(token));
	/* 252 bytes 0..251, each a letter; 252..255 are skipped. */
	env_random_token(&env, token, 252);
	cr_assert_eq(strlen(token), 252);
	for (unsigned i = 0; i < 252; i++)
		count[(unsigned char)token[i]]++;
	for (const char *p = "0123456789abcdefghijklmnopqrstuvwxyz"; *p; p++)
		cr_assert_eq(count[(unsigned char)*p], 7, "%c", *p);
	cr_assert_eq(world.next, 252);
	char one[2];
	env_random_token(&env, one, 1); /* 252 to 255 are passed over; 0 is the next */
	cr_assert_str_eq(one, "0");
	cr_assert_eq(world.next, 1);
}

Test(env, random64_takes_eight_bytes)
{
	struct world world = {.next = 1};
	struct seam seam = {.arg = &world, .random = world_random};
	struct env env = {.seam = &seam};
	const uint8_t want[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint64_t v = env_random64(&env);
	cr_assert_eq(memcmp(&v, want, 8), 0);
}
