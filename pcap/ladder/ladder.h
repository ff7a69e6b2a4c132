/* Message ladders for a terminal: who sent what to whom, with times; SIP messages as arrows, RTP streams beside or as
 * arrows of their own. One piece of code for the lab, `xfergate replay`, `xfergate ladder` and `xfergate show call`.
 * Text from outside is escaped before it is drawn. Widths of characters are those of the program's locale (LC_CTYPE):
 * setlocale(LC_CTYPE, "C.UTF-8") comes first. A ladder belongs to one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LADDER_LABEL 96

/* What of a SIP message its label needs. Strings may be NULL. */
struct ladder_message {
	const char *start_line; /* "INVITE sip:… SIP/2.0", "SIP/2.0 200 OK" */
	const char *cseq;	/* "1 INVITE" */
	bool in_dialog;		/* the To header has a tag */
	const char *sipfrag;	/* first line of a NOTIFY's message/sipfrag body */
	const char *refer_to;
};
/* "INVITE", "re-INVITE", "200 (INVITE)", "NOTIFY 180 Ringing", "REFER sip:…"; what is too long ends with "…". Returns
 * buf, which is not escaped yet. */
const char *ladder_label(char buf[static LADDER_LABEL], const struct ladder_message *message);
/* The same from a message's bytes. */
const char *ladder_label_bytes(char buf[static LADDER_LABEL], const void *data, size_t len);

struct ladder;

/* Lanes stand from left to right in the order in which they are added. Returns the lane's number, -ENOMEM, or
 * -E2BIG beyond 1,024. */
int ladder_create(struct ladder **out);
void ladder_destroy(struct ladder *ladder);
int ladder_lane(struct ladder *ladder, const char *name);

/* An arrow at `ns` (any epoch; order need not be that of time). repeated: a retransmission, drawn as such.
 * 0 or -ENOMEM, -EINVAL (no such lane). */
int ladder_message(struct ladder *ladder, uint64_t ns, int from, int to, const char *label, bool repeated);
/* A note beside the lanes: "xfergate transfer c-… --plan sales", "dropped: wrong-source". */
int ladder_note(struct ladder *ladder, uint64_t ns, const char *text);
/* One RTP packet between lanes; counted between one message and the next: "caller 150/148" is 150 said, 148 heard by
 * that lane. `stream` (payload type and SSRC, any number) tells streams apart: the first packet of a stream is an arrow
 * of its own: "RTP PCMU". codec may be NULL. */
int ladder_rtp(struct ladder *ladder, uint64_t ns, int from, int to, uint64_t stream, const char *codec);

/* Draws all of it in order of time, equals as they were added; times in seconds from the first entry. hub: the lane of
 * the gateway (not listed with counts), -1: none. width: of the terminal, 0: as wide as it takes; no row is wider as
 * long as each lane can have 8 columns. Counts stand beside the lanes, or where that has no room in lines of their own.
 * Draws nothing if there is no entry. May be called again. */
void ladder_print(struct ladder *ladder, FILE *out, int hub, unsigned width);
