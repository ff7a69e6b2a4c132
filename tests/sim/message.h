/* SIP messages as the simulated parties and the judges read and write them: a reader of their own, which shares nothing
 * with the gateway's. It takes what a careful gateway sends; what it cannot read is `bad`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_HEADERS 64

struct sim;

struct message {
	bool bad;
	bool request;
	const char *start;  /* start line */
	const char *method; /* of a response: CSeq's */
	const char *ruri;
	int status;
	struct message_header {
		const char *name, *value;
	} headers[MESSAGE_HEADERS];
	unsigned header_count;
	const char *via, *branch;			   /* topmost */
	const char *from, *to, *call_id, *contact;	   /* contact: the URI */
	const char *from_uri, *to_uri, *from_tag, *to_tag; /* tags: "" if none */
	uint32_t cseq;
	const char *body;
	size_t body_len;
	const char *text; /* all of it, NUL-terminated */
	size_t len;
};

/* Copied; lives as long as the history. */
struct message *message_read(struct sim *sim, const void *data, size_t len);
/* NULL: none. */
const char *message_header(const struct message *message, const char *name);
bool message_is(const struct message *message, const char *method);
bool message_has_sdp(const struct message *message);
/* name="value" or name=value of a header's value, copied without quotes; false if absent. */
bool message_param(const char *value, const char *name, char *buf, size_t size);
/* User and host part of a SIP URI or of what is inside <>; "" if there is none. */
void message_uri_user(const char *uri, char *buf, size_t size);
void message_uri_host(const char *uri, char *buf, size_t size, uint16_t *port);
