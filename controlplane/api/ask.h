/* A request under way: what a handler answers, now or later. Answers of one line (a batch has several) go out
 * together, when the last of them is there. */
#pragma once

#include <jansson.h>
#include "api/api.h"
#include "xfergate/rpc.h"

#define ASKS_MAX	1024 /* under way, of all clients */
#define ASKS_CLIENT_MAX 64   /* under way, of one client */

#define CAPTURES_MAX	   8
#define ENDPOINTS_ROWS_MAX 20000 /* of show.endpoints */

struct ask_line; /* the line that an ask came on */

struct ask {
	struct ask *next;
	struct ask_line *line;
	enum xf_rpc_method method;
	json_t *id;	   /* NULL: a notification, which gets no answer */
	uint64_t cookie;   /* of the question to the dataplane; never used twice */
	uint64_t transfer; /* whose result is awaited; 0: none */
	json_t *rows;	   /* collected so far */
};

/* What a client has asked to be copied to it. */
struct capture {
	uint64_t id; /* 0: not used */
	uint64_t client;
	uint64_t call;		/* 0: every call, and what is of none */
	uint64_t packets, lost; /* sent to the client; that it was too slow for */
	bool media;		/* RTP and RTCP too */
	bool ended;		/* the client is to be told */
	struct timer end;	/* tries again to tell it */
	struct api *api;
};

struct api {
	struct env *env;
	const struct config *config;
	struct shard *shard;
	struct media *media;
	struct media_query query; /* how the dataplane's rows come back */
	uint64_t created_ns;
	uint64_t cookies; /* given out so far */
	struct ask *asks; /* under way */
	unsigned ask_count;
	struct ask_line *lines;
	struct capture captures[CAPTURES_MAX];
	unsigned capture_count;
	uint64_t captures_opened;
};

/* The line holds its answers back until ask_line_close. NULL: no memory. */
struct ask_line *ask_line_open(struct api *api, uint64_t client, bool batch);
void ask_line_close(struct api *api, struct ask_line *line);
/* A request of the line that is none, or is refused before it has an ask. */
void ask_line_error(struct ask_line *line, json_t *id, int code, const char *message);
/* Nothing more is sent to the client; to anybody. */
void ask_client_gone(struct api *api, uint64_t client);
void ask_all_gone(struct api *api);
uint64_t ask_client(const struct ask *ask);
unsigned ask_client_count(const struct api *api, uint64_t client);

/* `id` is borrowed. NULL: no memory. */
struct ask *ask_open(struct api *api, struct ask_line *line, json_t *id);
struct ask *ask_find(struct api *api, uint64_t cookie);

/* Each ends the ask, which is gone afterwards. `result` is taken over; NULL: out of memory. */
void ask_answer(struct api *api, struct ask *ask, json_t *result);
__attribute__((format(printf, 5, 6))) void ask_fail(struct api *api, struct ask *ask, int code, int sip_code,
						    const char *format, ...);
/* An application error: XF_RPC_REFUSED with a SIP-like code. */
#define ask_refuse(api, ask, sip_code, ...) ask_fail(api, ask, XF_RPC_REFUSED, sip_code, __VA_ARGS__)
