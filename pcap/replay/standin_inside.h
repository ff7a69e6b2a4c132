/* The inside of the stand-in. */
#pragma once

#include "standin.h"

#define STANDIN_MESSAGE_MAX 8192

struct standin_message {
	char text[STANDIN_MESSAGE_MAX];
	size_t len;
	bool full;
};

struct standin_call;

/* ---- standin_message.c */
__attribute__((format(printf, 2, 3))) void standin_put(struct standin_message *message, const char *format, ...);
/* All lines of that header; tag: put where there is none, NULL: none is. */
void standin_put_header(struct standin_message *message, const struct sip_text *text, const char *name,
			const char *tag);
void standin_say(struct standin *standin, uint32_t network, const struct xf_sockaddr *from,
		 const struct xf_sockaddr *to, const struct standin_message *message);
/* Answers a request of the gateway's. tag: ours, where it has none yet. sdp NULL: none. */
void standin_answer(struct standin *standin, const struct output *request, unsigned status, const char *tag,
		    const char *sdp, size_t sdp_len);
__attribute__((format(printf, 2, 3))) void standin_note(struct standin *standin, const char *format, ...);

/* ---- standin_call.c: INVITEs that it answers for targets */
/* NULL: it has no such call. */
struct standin_call *standin_call_of(const struct standin *standin, const struct facts *facts);
void standin_call_take(struct standin *standin, const struct output *invite);
/* A request within it, or its INVITE again. */
void standin_call_hear(struct standin *standin, struct standin_call *call, const struct output *request);
