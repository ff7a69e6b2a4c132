/* Calls, legs and transfers: what the gateway knows of each.
 *
 * Plain data up to the marked line of each struct, so that a store can hold it; objects name one another by number
 * (0: none), never by pointer. One thread: the shard's. Read-only for everybody outside call/.
 */
#pragma once

#include "call/trace.h"
#include "core/env.h"
#include "media/media.h"
#include "sip/digest.h"
#include "sip/resolver.h"
#include "sip/sdp.h"
#include "sip/stack.h"
#include "xfergate/config.h"

#define CALL_TEXT_ID_LEN    12
#define CALL_NUMBER_MAX	    64
#define LEG_KEYS_MAX	    32
#define LEG_ADMITTED_MAX    4
#define TRANSFER_REASON_MAX 256
#define LEG_HEADERS_MAX	    2048
#define LEG_ROUTE_MAX	    1536
#define LEG_VALUE_MAX	    (SIP_URI_MAX + 160)
#define LEG_ID_MAX	    256 /* Call-ID, or a tag of a peer */

/* X(symbol, "name") */
#define LEG_KINDS(X)                                                                                                   \
	X(CALLER, "caller")                                                                                            \
	X(AGENT, "agent")                                                                                              \
	X(TARGET, "target")

#define LEG_STATES(X)                                                                                                  \
	X(RESOLVING, "resolving")   /* ours: its host is looked up */                                                  \
	X(ADMITTING, "admitting")   /* ours: the dataplane is told to let its answers in */                            \
	X(CALLING, "calling")	    /* INVITE out, or in and not yet answered provisionally */                         \
	X(RINGING, "ringing")	    /* answered provisionally */                                                       \
	X(CONNECTED, "connected")   /* answered with 2xx */                                                            \
	X(CANCELLING, "cancelling") /* ours: CANCEL is out, the INVITE's final answer is awaited */                    \
	X(ENDING, "ending")	    /* BYE is out */                                                                   \
	X(ENDED, "ended")	    /* no dialog; kept while something refers to it */

#define CALL_STATES(X)                                                                                                 \
	X(ARRIVING, "arriving")		/* the agent is being called */                                                \
	X(AGENT, "agent")		/* caller and agent talk */                                                    \
	X(TRANSFERRING, "transferring") /* a transfer is under way */                                                  \
	X(TARGET, "target")		/* caller and target talk */                                                   \
	X(ENDING, "ending")		/* legs are being released */

#define TRANSFER_ORIGINS(X)                                                                                            \
	X(REFER, "refer")                                                                                              \
	X(OPERATOR, "operator")                                                                                        \
	X(AGENT_FAILS, "agent-fails")                                                                                  \
	X(AGENT_LOST, "agent-lost")

#define TRANSFER_STATES(X)                                                                                             \
	X(DIALLING, "dialling")	    /* the target is looked up, admitted, invited */                                   \
	X(RINGING, "ringing")	    /* it answered provisionally */                                                    \
	X(CONNECTING, "connecting") /* it answered; the patches are being moved */                                     \
	X(ANNOUNCING, "announcing") /* the caller hears a sound */                                                     \
	X(REPORTING, "reporting")   /* finished; the final NOTIFY's answer is awaited */                               \
	X(DONE, "done")

#define TRANSFER_RESULTS(X)                                                                                            \
	X(NONE, "none")		  /* not finished */                                                                   \
	X(CONNECTED, "connected") /* caller and target talk */                                                         \
	X(RETURNED, "returned")	  /* all failed; the caller is with the agent */                                       \
	X(HUNG_UP, "hung-up")	  /* all failed; the caller was released */                                            \
	X(CALLER_GONE, "caller-gone")                                                                                  \
	X(STOPPED, "stopped") /* we ended the call: an operator, its longest time, the end of the gateway */

#define X(symbol, name) LEG_##symbol,
enum leg_kind { LEG_KINDS(X) LEG_KIND_COUNT };
#undef X
#define X(symbol, name) LEG_STATE_##symbol,
enum leg_state { LEG_STATES(X) LEG_STATE_COUNT };
#undef X
#define X(symbol, name) CALL_##symbol,
enum call_state { CALL_STATES(X) CALL_STATE_COUNT };
#undef X
#define X(symbol, name) TRANSFER_FROM_##symbol,
enum transfer_origin { TRANSFER_ORIGINS(X) TRANSFER_ORIGIN_COUNT };
#undef X
#define X(symbol, name) TRANSFER_##symbol,
enum transfer_state { TRANSFER_STATES(X) TRANSFER_STATE_COUNT };
#undef X
#define X(symbol, name) TRANSFER_RESULT_##symbol,
enum transfer_result { TRANSFER_RESULTS(X) TRANSFER_RESULT_COUNT };
#undef X

const char *leg_kind_name(unsigned kind);
const char *leg_state_name(unsigned state);
const char *call_state_name(unsigned state);
const char *transfer_origin_name(unsigned origin);
const char *transfer_state_name(unsigned state);
const char *transfer_result_name(unsigned result);

/* Of a peer that says `sendonly`: whether it is missed when it sends nothing. */
enum leg_hold {
	LEG_HOLD_NONE,	 /* says something else */
	LEG_HOLD_NEW,	 /* has sent without a gap so far */
	LEG_HOLD_MUSIC,	 /* had sent for some time before its first gap: is missed */
	LEG_HOLD_SILENT, /* had not: is not missed */
};

/* One SIP dialog of a call, with its media. */
struct leg {
	uint64_t id;
	uint64_t call;
	uint8_t kind;	 /* enum leg_kind */
	uint32_t number; /* 1: the call's first of that kind */
	uint8_t state;	 /* enum leg_state */
	bool ours;	 /* we sent its INVITE */
	bool dialog;	 /* both tags are known */

	/* peer */
	uint32_t network;
	struct xf_sockaddr hop; /* where its requests go; family 0: not known yet */
	uint32_t provider;	/* index or XF_NONE */
	uint32_t agent;		/* index or XF_NONE */
	uint32_t sip_server;	/* index or XF_NONE: whose credentials answer its challenges */
	struct xf_addr admitted[LEG_ADMITTED_MAX];
	uint8_t admitted_count;

	/* dialog (RFC 3261 12) */
	char call_id[LEG_ID_MAX];
	char local_tag[24];
	char remote_tag[LEG_ID_MAX];
	char local[LEG_VALUE_MAX];	 /* From or To value of ours, without tag */
	char remote[LEG_VALUE_MAX];	 /* theirs, without tag */
	char remote_target[SIP_URI_MAX]; /* their Contact; our INVITE's Request-URI before */
	char route_set[LEG_ROUTE_MAX];
	uint32_t local_cseq, remote_cseq;
	uint32_t invite_cseq; /* of the INVITE that ACK belongs to */
	sip_txn invite;	      /* ours or theirs, while it is open; a re-INVITE too */
	sip_txn bye;

	/* digest: the last challenge, used again for later requests of the leg */
	struct digest_challenge challenge;
	bool challenged;
	uint32_t nonce_count;
	uint8_t auth_tries; /* of the request under way */

	/* media */
	struct xf_endpoint_id endpoint; /* index XF_ENDPOINT_NONE: none */
	struct sdp_local local_sdp;	/* as last sent; session_id 0: never sent */
	struct sdp remote_sdp;		/* as last received */
	bool offered;			/* our offer awaits its answer */
	bool agreed;			/* offer and answer are complete: media may flow */
	struct xf_endpoint_id feed;	/* what its endpoint was last told to send */
	uint32_t feed_while_silent;	/* and what while that is silent: a prompt of the media's, or 0 */
	bool feed_paused;

	uint8_t hold;	     /* enum leg_hold */
	uint64_t watched_ns; /* since when its silence counts, if it began anew; 0: it did not */

	uint32_t key_count;	     /* keys that its peer has pressed, as RTP (RFC 4733) */
	char keys[LEG_KEYS_MAX + 1]; /* the last of them, if media.keys says show; else "" */

	uint32_t refers; /* REFERs accepted on it */
	uint64_t started_ns, answered_ns;
	int final_status; /* of our INVITE, or what ended it; 0: none */
	char reason[128]; /* why it ended, for people */
	bool by_peer;	  /* both are its own answer to our INVITE: its words are for us, and not for the other side */

	/* ---- what follows belongs to this process only ---- */
	char invite_headers[LEG_HEADERS_MAX]; /* further header lines of our INVITE */
	char local_user[CALL_NUMBER_MAX]; /* user part of `local` where the network is not known before the look-up */
	char host[SIP_HOST_MAX];	  /* of the URI that was dialled, for the guard's reasons */
	bool by_operator;		  /* an operator chose the destination, not the agent */
	struct timer deadline;
	struct leg *hash_next; /* shard's table by local tag */
	struct shard *shard;
	sip_txn awaiting_ack;	     /* our 2xx to their INVITE, until its ACK */
	uint32_t ack_cseq;	     /* of that INVITE, and so of its ACK */
	bool ack_pending;	     /* 2xx is in; the ACK waits for its next hop's look-up or admission */
	struct xf_sockaddr next_hop; /* `hop` once it is admitted; family 0: none */
};

/* One target of a plan that was tried. */
struct transfer_attempt {
	uint8_t type;		       /* enum config_target_type */
	char destination[SIP_URI_MAX]; /* E.164, SIP URI, or name of a sound */
	char caller_id[CALL_NUMBER_MAX];
	uint32_t provider; /* number: over which; XF_NONE */
	uint32_t network;  /* SIP URI: by which; XF_NONE: by the route to it */
	uint32_t ring_ms;  /* of an announcement: no longer than this; 0: to its end */
	int status;	   /* SIP code it ended with; 0: under way or not tried */
	bool by_peer;	   /* that the target gave */
	char reason[TRANSFER_REASON_MAX];
	uint64_t started_ns, ended_ns;
};

struct transfer {
	uint64_t id;
	char text_id[CALL_TEXT_ID_LEN + 4];
	uint64_t call;
	char call_text_id[CALL_TEXT_ID_LEN + 4]; /* the call may be gone before its transfer is forgotten */
	uint8_t origin;				 /* enum transfer_origin */
	uint8_t state;				 /* enum transfer_state */
	uint8_t result;				 /* enum transfer_result */
	uint32_t plan;				 /* index or XF_NONE: a target alone, then back to the agent */
	struct transfer_attempt attempts[CONFIG_TARGETS_MAX];
	uint8_t attempt_count;		    /* how many there are to try */
	uint8_t attempt;		    /* which is under way */
	uint64_t target_leg;		    /* of the attempt under way or connected */
	struct xf_endpoint_id announcement; /* ANNOUNCING: what the caller hears, as the media names it */
	uint64_t started_ns, ended_ns;
	int final_status; /* of the last attempt */
	char reason[TRANSFER_REASON_MAX];

	/* subscription of the agent's REFER (RFC 3515); refer_leg 0: none */
	uint64_t refer_leg;
	uint32_t refer_id; /* CSeq of the REFER; stands in Event when `refer_id_stated` */
	bool refer_id_stated;
	bool final_notified;
	sip_txn notify;	   /* under way */
	uint16_t notified; /* last status told */

	/* ---- what follows belongs to this process only ---- */
	struct timer deadline;
	struct shard *shard;
};

struct call {
	uint64_t id;
	char text_id[CALL_TEXT_ID_LEN + 4]; /* "c-…": what people type */
	uint8_t state;			    /* enum call_state */
	char owner[64];
	uint32_t provider; /* whose source block the caller's INVITE came from */
	uint32_t agent;
	uint32_t route;
	char caller_number[CALL_NUMBER_MAX];	    /* E.164 if it is one, else as it came */
	char dialled_number[CALL_NUMBER_MAX];	    /* E.164 */
	char region[4];				    /* whose tones the caller hears: ISO 3166 alpha-2, or "" */
	uint64_t caller_leg, agent_leg, target_leg; /* target_leg: connected or being tried */
	uint64_t transfer;			    /* under way; 0: none */
	uint32_t transfers;			    /* started so far */
	uint32_t legs_of_kind[LEG_KIND_COUNT];	    /* made so far */
	uint8_t max_forwards;			    /* of the INVITEs that we send for it (RFC 7332) */
	uint64_t started_ns, answered_ns;
	int status;	  /* that its legs get as it ends; 0: it has not */
	char reason[128]; /* why it ends */

	/* ---- what follows belongs to this process only ---- */
	struct timer deadline; /* longest call */
	uint32_t leg_count;    /* legs that are not freed yet, those of former attempts included */
	uint32_t captures;     /* of its media */
	struct trace *trace;   /* its newest SIP messages; NULL: none yet */
	struct shard *shard;
};

struct shard;

/* A datagram that came or goes: SIP, or RTP and RTCP of calls whose media is captured. */
struct shard_traffic {
	uint64_t call; /* 0: of no call */
	uint64_t ns;   /* env's clock */
	uint32_t network;
	struct xf_sockaddr from, to;
	const void *data;
	size_t len;
	bool media;
	uint32_t lost; /* media: packets of the same leg that were lost since the one before */
};

/* What the API wants to hear. Callbacks may be NULL, and may not call back. */
struct shard_user {
	void *arg;
	/* A transfer has its result (state REPORTING or DONE). The struct lives during the call. */
	void (*transfer_finished)(void *arg, const struct transfer *transfer);
	void (*traffic)(void *arg, const struct shard_traffic *traffic);
	/* No more traffic of it comes. */
	void (*call_gone)(void *arg, uint64_t call);
};

struct shard_counts {
	uint32_t calls, legs, transfers; /* open */
	uint64_t calls_total, calls_answered, calls_refused;
	uint64_t transfers_total, transfers_connected, transfers_failed, transfers_refused;
	uint64_t unknown_sources; /* SIP from addresses that are nobody's */
};

int shard_create(struct shard **out, struct env *env, const struct config *config, struct media *media,
		 const struct shard_user *user);
void shard_destroy(struct shard *shard);

/* From the seam, by way of the plane. */
void shard_datagram(struct shard *shard, uint32_t network, const struct xf_sockaddr *from, const void *data,
		    size_t len);
void shard_resolved(struct shard *shard, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why);
/* The media's callbacks; all of them are the shard's. */
struct media_user shard_media_user(struct shard **shard);

/* New calls are refused with 503, those that are up are hung up. */
void shard_stop(struct shard *shard);
bool shard_stopped(const struct shard *shard);

/* Walks: NULL gives the first; NULL comes back after the last. Valid until control returns to the loop. */
const struct call *shard_next_call(const struct shard *shard, const struct call *call);
const struct transfer *shard_next_transfer(const struct shard *shard,
					   const struct transfer *transfer); /* open, then the last 256 finished */
const struct call *shard_call(const struct shard *shard, uint64_t id);
const struct leg *shard_leg(const struct shard *shard, uint64_t id);
const struct transfer *shard_transfer(const struct shard *shard,
				      uint64_t id); /* also finished ones that are still kept */
/* By our id, either leg's Call-ID, or the caller's number if it is unique (any usual spelling). NULL: `why` says so. */
const struct call *shard_find_call(const struct shard *shard, const char *text, char *why, size_t why_size);
void shard_counts(const struct shard *shard, struct shard_counts *counts);
const struct sip_stack *shard_sip(const struct shard *shard);

/* An operator's transfer. Exactly one of to and plan. 0 and *transfer, or a SIP-like code (400, 403, 404, 491, …) and
 * `why`, which says what to do. */
int shard_transfer_start(struct shard *shard, uint64_t call, const char *to, const char *plan, const char *caller_id,
			 uint64_t *transfer, char *why, size_t why_size);
/* Counted: whether shard_user.traffic is told of a call's media; call 0: of every call's. A call that is gone is
 * ignored. */
void shard_capture_media(struct shard *shard, uint64_t call, bool on);
/* Ends the call from our side. 0, -ENOENT, or -EALREADY: it is ending. */
int shard_hangup(struct shard *shard, uint64_t call, const char *reason);
