/* A SIP message that came in, read by us and held against libosip2's reading.
 *
 * All strings are NUL-terminated, contain neither CR, LF nor NUL, and live as long as the message. Single-instance
 * headers that occur twice, two Content-Lengths, and header names with white space or control characters inside are
 * refused, whatever libosip2 says of them (RFC 3261 7.3.1; the same reading for screen, policy and routing).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sip/uri.h"
#include "xfergate/sip_scan.h" /* methods and limits */

#define SIP_VIA_MAX   64
#define SIP_ROUTE_MAX 32

struct sip_via {
	char transport[8];  /* upper case */
	const char *host;   /* lower case; IPv6 without brackets */
	uint16_t port;	    /* 0: none */
	const char *branch; /* "" if none */
	bool rport;	    /* ;rport present */
	const char *text;   /* whole value */
};

/* name-addr or addr-spec with the parameters that we need. In From, To and Contact a URI that is too long for us or
 * that escapes control characters has scheme SIP_SCHEME_OTHER and nothing else: the message may be answered, not routed
 * by it. */
struct sip_address {
	struct sip_uri uri;
	const char *display; /* "" if none; without quotes */
	const char *tag;     /* "" if none */
	const char *text;    /* whole value */
};

struct sip_header {
	const char *name;  /* as written, compact forms expanded */
	const char *value; /* unfolded; a NUL (allowed as a quoted pair only) is shown as "?" */
	const char *wire;  /* the value to echo: wire_len bytes, that NUL included */
	size_t wire_len;
};

struct sip_message {
	bool request;
	enum sip_method method;	 /* of a request; of a response: CSeq's */
	const char *method_name; /* as written */
	struct sip_uri ruri;	 /* request */
	const char *ruri_text;
	int status; /* response: 100..699 */
	const char *reason;
	const char *call_id;
	uint32_t cseq;
	const char *cseq_method;
	struct sip_address from, to;
	struct sip_via *via; /* at most SIP_VIA_MAX, topmost first */
	unsigned via_count;
	struct sip_address contact; /* first one; text "" if none */
	unsigned contact_count;
	const char **record_route; /* at most SIP_ROUTE_MAX; each one name-addr, in the order of the message */
	unsigned record_route_count;
	unsigned route_count;
	int max_forwards;	  /* -1: none */
	const char *content_type; /* media type only, lower case; "" if none */
	const char *body;	  /* NUL follows, but may contain NUL */
	size_t body_len;
	struct sip_header *headers; /* every header line, one entry a line; at most SIP_HEADERS_MAX */
	unsigned header_count;
	void *storage; /* private */
};

/* A whole datagram. 0, -EBADMSG (malformed: `why` says which header and what is wrong), -E2BIG (over a limit),
 * -EPROTONOSUPPORT (a request of another SIP version), -ENOMEM. On failure of a request `*out` may still be set, for an
 * answer that refuses it: then the topmost Via is read, and header lines Via, From, To, Call-ID and CSeq are there;
 * else it is NULL. Memory is bounded by the length and the limits above, a few times the length. */
int sip_message_parse(struct sip_message **out, const char *data, size_t len, char *why, size_t why_size);
void sip_message_destroy(struct sip_message *message);

/* First header of that name (long form, case-blind); NULL if none. *count (may be NULL): how many lines. */
const char *sip_message_header(const struct sip_message *message, const char *name, unsigned *count);
/* Is `token` in the comma lists of all headers of that name? Case-blind. */
bool sip_message_lists(const struct sip_message *message, const char *name, const char *token);
/* A header parameter's value (";id=5") copied to buf without quotes; false if absent. */
bool sip_param(const char *header_value, const char *param, char *buf, size_t size);
/* name-addr or addr-spec of a header value. `text` must outlive the result. 0 or -EBADMSG. */
int sip_address_parse(struct sip_address *address, const char *text, char *scratch, size_t scratch_size);
