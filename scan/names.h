/* Words that the scan knows: header names, methods, and the characters of tokens. */
#pragma once

#include "xfergate/sip_scan.h"

/* Longer than the longest name and a colon. */
#define NAMES_WIDTH 32
#define NAMES_SLOTS 512 /* of 9 bits */

/* As in SIP_HEADER_NAMES, with a colon and zeros behind; that of SIP_HEADER_OTHER is all zeros. */
extern const char names_text[SIP_HEADER_COUNT][NAMES_WIDTH];
extern const bool names_once[SIP_HEADER_COUNT];
/* The one name that can have that slot (names_slot), or 0. */
extern const uint8_t names_slots[NAMES_SLOTS];
/* By letter of the compact form, 'a' first. */
extern const uint8_t names_compact[26 + SIP_HEADER_COUNT];
/* RFC 3261 25.1 token. */
extern const bool names_token[256];

/* No two names of the list have one slot. Of the length and of the first, middle (len / 2) and last letter, in either
 * case, it is made by one multiplication; the factor was found by trying. */
#define NAMES_KEY(len, first, middle, last)                                                                            \
	((((uint32_t)(first) | (uint32_t)(middle) << 8 | (uint32_t)(last) << 16) & 0x1f1f1f) | (uint32_t)(len) << 24)
#define NAMES_SLOT(len, first, middle, last) ((uint32_t)(NAMES_KEY(len, first, middle, last) * 0x7699b355u) >> 23)

/* Where a name of at least 2 bytes would be. It is only a candidate: length and text must be compared. */
static inline unsigned names_candidate(const uint8_t *name, size_t len)
{
	return names_slots[NAMES_SLOT(len, name[0], name[len / 2], name[len - 1])];
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
