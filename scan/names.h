/* Words that the scan knows: header names, methods, and the characters of tokens. */
#pragma once

#include "xfergate/sip_scan.h"

/* Longer than the longest name. */
#define NAMES_WIDTH 32
#define NAMES_SLOTS 512

/* As in SIP_HEADER_NAMES, zeros behind. */
extern const char names_text[SIP_HEADER_COUNT][NAMES_WIDTH];
extern const uint8_t names_len[SIP_HEADER_COUNT];
extern const bool names_once[SIP_HEADER_COUNT];
/* The one name that can have that slot (names_slot), or 0. */
extern const uint8_t names_slots[NAMES_SLOTS];
/* By letter of the compact form, 'a' first. */
extern const uint8_t names_compact[26 + SIP_HEADER_COUNT];
/* RFC 3261 25.1 token. */
extern const bool names_token[256];

/* No two names of the list have one slot. The letters count in lower case; of the length len, first, middle (len / 2)
 * and last. The factors were found by trying. */
#define NAMES_SLOT(len, first, middle, last) (((len)*351 + (first) + (middle)*33 + (last)*203) % NAMES_SLOTS)

/* Where a name of at least 2 bytes would be. It is only a candidate: length and text must be compared. */
static inline unsigned names_candidate(const uint8_t *name, size_t len)
{
	return names_slots[NAMES_SLOT(len, name[0] | 0x20, name[len / 2] | 0x20, name[len - 1] | 0x20)];
}

static inline unsigned names_by_letter(uint8_t letter)
{
	unsigned i = (letter | 0x20u) - 'a';
	return i < 26 ? names_compact[i] : SIP_HEADER_OTHER;
}

static inline bool names_is_token(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!names_token[text[i]])
			return false;
	return len > 0;
}

/* SIP_METHOD_OTHER for others. */
enum sip_method names_method(const uint8_t *text, size_t len);
