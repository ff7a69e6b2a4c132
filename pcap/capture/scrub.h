/* Takes out of SIP messages what should not leave the house: credentials, keys, and who called whom. A message keeps
 * its length and stays one dialog with the others: Call-ID, tags, branches and addresses are untouched.
 *
 * - Authorization and Proxy-Authorization: username, realm, nonce, cnonce and response (of other schemes than Digest
 *   everything) become as many "x". Challenges stay, for they are no secret and a replay needs them.
 * - Authentication-Info: cnonce and rspauth. Identity: its token, which holds both numbers.
 * - Passwords in URIs, credentials that URIs ask for in headers, and in SDP the keys of a=crypto, a=key-mgmt and k=,
 * a=fingerprint and a=ice-pwd: likewise.
 * - Telephone numbers, 6 digits or more, in user parts of sip:, sips: and tel: URIs and in what people read (display
 *   names, Warning, Reason, Subject, user of o=, p=, s= and i= of SDP) get other digits: the same number the same ones
 * whatever its spelling, different numbers different ones. Country code, trunk zero and separators stay.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRUB_KEY_LEN 32

/* Numbers are masked under a key: a random one for each capture, thrown away with it, so that nobody gets them back. */
struct scrub {
	uint8_t key[SCRUB_KEY_LEN];
};

/* Is it text, and so SIP, or meant to be? Blank lines may stand before it. RTP, RTCP, STUN and DTLS are not. */
bool scrub_is_sip(const void *data, size_t len);
/* Works in place, on any bytes: lines that are not understood are left as they are. */
void scrub_sip(const struct scrub *scrub, void *data, size_t len);

/* scrub_number.c: masks the telephone numbers in a text. spaces: they may stand between digits. */
void scrub_numbers(const struct scrub *scrub, char *text, size_t len, bool spaces);
