/* Other digits for telephone numbers.
 *
 * One number is written in many ways (+1 202 555 0143, 0012025550143, 2025550143), and what they share is their end. So
 * each digit is masked by what stands behind it and by nothing else: the last six as one block, in a Feistel network
 * over 000000 to 999999, each one before them by adding a digit that a keyed hash makes of all that follow. Both can be
 * turned round with the key, so different numbers stay different.
 */
#include "scrub.h"

#include <openssl/sha.h>
#include <string.h>

#define NUMBER_MIN    6
#define NUMBER_MAX    64 /* digits; a longer run is no number, and is masked by the same rule in pieces */
#define BLOCK	      6
#define FEISTEL_ROUND 8

static uint32_t keyed(const struct scrub *scrub, uint8_t use, const uint8_t *digits, size_t count)
{
	uint8_t input[SCRUB_KEY_LEN + 2 + NUMBER_MAX], hash[SHA256_DIGEST_LENGTH];
	uint32_t value;
	memcpy(input, scrub->key, SCRUB_KEY_LEN);
	input[SCRUB_KEY_LEN] = use;
	input[SCRUB_KEY_LEN + 1] = (uint8_t)count;
	memcpy(input + SCRUB_KEY_LEN + 2, digits, count);
	SHA256(input, SCRUB_KEY_LEN + 2 + count, hash);
	memcpy(&value, hash, sizeof(value));
	return value;
}

static uint32_t three(const uint8_t *digits)
{
	return digits[0] * 100u + digits[1] * 10u + digits[2];
}

static void put_three(uint8_t *digits, uint32_t value)
{
	digits[0] = (uint8_t)(value / 100);
	digits[1] = (uint8_t)(value / 10 % 10);
	digits[2] = (uint8_t)(value % 10);
}

static void mask_block(const struct scrub *scrub, uint8_t *digits)
{
	uint32_t left = three(digits), right = three(digits + 3);
	for (uint8_t round = 0; round < FEISTEL_ROUND; round++) {
		uint8_t half[3];
		put_three(half, right);
		uint32_t next = (left + keyed(scrub, round, half, sizeof(half)) % 1000) % 1000;
		left = right;
		right = next;
	}
	put_three(digits, left);
	put_three(digits + 3, right);
}

/* E.164 country codes: how many digits this one has. */
static size_t country_len(const uint8_t *digits)
{
	static const uint8_t two[] = {20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46,
				      47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63,
				      64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98};
	if (digits[0] == 1 || digits[0] == 7)
		return 1;
	return memchr(two, digits[0] * 10 + digits[1], sizeof(two)) ? 2 : 3;
}

/* How many digits at its beginning stay: international prefix and country code, or the trunk zero. Without a plus or
 * prefix a number of 11 digits or more that does not begin with zero is taken for an international one. */
static size_t kept_len(const uint8_t *digits, size_t count, bool plus)
{
	size_t prefix = 0;
	bool international = plus || (count >= 11 && digits[0] != 0);
	if (!plus && count >= 11 && digits[0] == 0) {
		bool from_america = digits[1] == 1 && digits[2] == 1 && count >= 13;
		prefix = digits[1] == 0 ? 2 : from_america ? 3 : 1;
		international = prefix > 1;
	} else if (!plus && count > NUMBER_MIN && digits[0] == 0) {
		prefix = 1;
	}
	size_t kept = prefix + (international ? country_len(digits + prefix) : 0);
	return kept + NUMBER_MIN <= count ? kept : count - NUMBER_MIN;
}

static void mask(const struct scrub *scrub, uint8_t *digits, size_t count, bool plus)
{
	uint8_t plain[NUMBER_MAX];
	size_t kept = kept_len(digits, count, plus);
	memcpy(plain, digits, count);
	for (size_t i = kept; i + BLOCK < count; i++)
		digits[i] = (uint8_t)((plain[i] + keyed(scrub, FEISTEL_ROUND, plain + i + 1, count - i - 1) % 10) % 10);
	mask_block(scrub, digits + count - BLOCK);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many separators stand at text, if a digit follows them; else 0. */
static size_t gap(const char *text, size_t len, bool spaces)
{
	size_t n = 0;
	while (n < len && n < 3 && (memchr("-.()", text[n], 4) || (spaces && text[n] == ' ')))
		n++;
	return n < len && is_digit(text[n]) ? n : 0;
}

/* Collects the places of the digits that begin at text[at]; returns where they end. */
static size_t run(const char *text, size_t len, size_t at, bool spaces, size_t places[NUMBER_MAX], size_t *count)
{
	*count = 0;
	while (at < len && *count < NUMBER_MAX) {
		size_t skip = is_digit(text[at]) ? 0 : gap(text + at, len - at, spaces);
		if (!is_digit(text[at]) && !skip)
			break;
		at += skip;
		places[(*count)++] = at++;
	}
	return at;
}

void scrub_numbers(const struct scrub *scrub, char *text, size_t len, bool spaces)
{
	bool plus = false;
	for (size_t at = 0; at < len;) {
		size_t places[NUMBER_MAX], count;
		uint8_t digits[NUMBER_MAX];
		if (text[at] == '%' && len - at >= 3) { /* an escaped byte is no digit, but may be a plus */
			plus = memcmp(text + at, "%2B", 3) == 0 || memcmp(text + at, "%2b", 3) == 0;
			at += 3;
			continue;
		}
		if (!is_digit(text[at])) {
			/* also in "+(1) 202" */
			plus = text[at] == '+' || (plus && memchr("( ", text[at], 2));
			at++;
			continue;
		}
		at = run(text, len, at, spaces, places, &count);
		for (size_t i = 0; i < count; i++)
			digits[i] = (uint8_t)(text[places[i]] - '0');
		if (count >= NUMBER_MIN)
			mask(scrub, digits, count, plus);
		for (size_t i = 0; i < count; i++)
			text[places[i]] = (char)('0' + digits[i]);
		plus = false;
	}
}
