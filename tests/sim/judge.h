/* What must hold of every history, read off the frames that the gateway sends and receives; at the end, when all is
 * over, also off what is left inside. The first broken invariant ends the history. */
#pragma once

#include "message.h"
#include "network.h"
#include "sim.h"

enum judge_kind { JUDGE_CALLER, JUDGE_AGENT, JUDGE_TARGET };

struct judge_challenge {
	struct judge_challenge *next;
	const char *realm, *nonce;
	uint32_t used; /* highest nc */
};

struct judge_credential { /* a request that had credentials */
	struct judge_credential *next;
	const char *branch;
};

/* The send stream of a leg's endpoint, as it leaves. */
struct judge_stream {
	bool begun;
	uint32_t ssrc, timestamp; /* of the highest */
	uint32_t highest;	  /* sequence with cycles */
	struct {
		uint32_t seq, timestamp, hash;
	} last[64]; /* by sequence: what was sent with it */
	uint64_t sent_ns;
	uint64_t packets;
};

/* The key that a leg hears, or heard last. */
struct judge_key {
	bool known, on; /* on: not ended */
	uint16_t seq;	/* of its newest packet */
	uint16_t duration;
	uint32_t timestamp;
	uint8_t speaker;
	unsigned life; /* of the dataplane */
};

/* One dialog of a leg, by the other side's tag. */
struct judge_branch {
	struct judge_branch *next;
	const char *tag;
	bool ended;
};

/* What is seen of one leg: mostly one dialog. */
struct judge_leg {
	struct judge_leg *next;
	enum judge_kind kind;
	const char *call_id;
	struct judge_branch *branches; /* whom the gateway has acknowledged: a forked INVITE has several */
	struct sim_call *call;
	enum sim_network network;
	bool lost;     /* the dataplane was made to lose its endpoint */
	unsigned life; /* of the control plane that it belongs to */
	uint32_t invite_cseq;
	const char *from_tag, *to_tag;		    /* caller: of the gateway's answers to its INVITE */
	uint64_t invited_ns, answered_ns, acked_ns; /* acked: the gateway's ACK to a 2xx, or the caller's to its */
	uint64_t released_ns;		    /* BYE, CANCEL's 487, or a negative final answer, seen by both sides */
	uint64_t ended_ns;		    /* the gateway has asked for its end, or has heard of it */
	uint64_t heard_ns, heard_before_ns; /* its last media that came, and what came more than 100 ms before */
	uint64_t bye_ns;		    /* the gateway's first BYE */
	struct xf_sockaddr local;	    /* the gateway's media address there */
	struct judge_challenge *challenges;
	unsigned accepted, finals; /* REFERs with subscriptions, final NOTIFYs */
	uint64_t accepted_ns;	   /* of a REFER whose final NOTIFY is still to come; 0: none */
	struct judge_stream stream;
	struct judge_key key;
	bool bye_said; /* in RTCP */
	unsigned bye_life;
	unsigned stream_life; /* of the dataplane that its stream belongs to */
	uint64_t alone_ns;    /* caller: since when without anybody; 0: is not */
	uint64_t unfed_ns;    /* caller: since when its endpoint has no source though somebody is connected */
};

#define JUDGE_ANSWERS 1024

struct judge {
	bool failed;
	struct sim_result result;
	struct judge_leg *legs;
	struct judge_answer *answers[JUDGE_ANSWERS]; /* what was answered, by Via */
	struct judge_answer *requests;
	struct judge_credential *credentials;
	struct judge_refer *refers; /* branches of accepted REFERs and of final NOTIFYs */
	unsigned impossible;	    /* log lines that say so */
	uint64_t frames;
	/* what the world had before the first call */
	struct world_counts before;
};

void judge_begin(struct sim *sim);
__attribute__((format(printf, 3, 4))) void judge_fail(struct sim *sim, const char *invariant, const char *format, ...);
/* Adds a frame to the history's hash. */
void judge_hash(struct sim *sim, const void *frame, size_t len);
void judge_sent(struct sim *sim, const struct datagram *datagram);
void judge_received(struct sim *sim, const struct datagram *datagram);
struct judge_leg *judge_leg(struct sim *sim, const char *call_id);
/* The call that a dialog of the gateway's belongs to; NULL: unknown. */
struct sim_call *judge_call(struct sim *sim, const char *call_id);
/* A party finds credentials wrong that answer its challenge. */
void judge_digest_wrong(struct sim *sim, const char *call_id);
/* The dataplane has lost the endpoint with that address. */
void judge_lost(struct sim *sim, const struct xf_sockaddr *local);
/* Once a second. */
void judge_look(struct sim *sim);
/* Nothing is left inside: true; else `why`. */
bool judge_is_empty(struct sim *sim, char *why, size_t size);
void judge_end(struct sim *sim);

/* ---- judge_sip.c: each message by itself, and against those before */
void judge_message(struct sim *sim, const struct datagram *datagram, const struct message *m, struct judge_leg *leg);
/* ---- judge_digest.c */
void judge_credentials(struct sim *sim, const struct datagram *datagram, const struct message *m,
		       struct judge_leg *leg);
void judge_challenged(struct sim *sim, const struct message *m, struct judge_leg *leg);
/* ---- judge_media.c */
void judge_rtp(struct sim *sim, const struct datagram *datagram);
/* ---- judge_report.c */
/* RTCP leaves. */
void judge_reports(struct sim *sim, const struct datagram *datagram, struct judge_leg *leg);
/* Anything leaves. */
void judge_bye(struct sim *sim, const struct judge_leg *leg);
/* ---- judge_keys.c */
/* A packet of a key leaves. */
void judge_key(struct sim *sim, const struct datagram *datagram, struct judge_leg *leg);
/* Another packet leaves, of that party; UINT_MAX: a prompt's. */
void judge_key_over(struct sim *sim, const struct datagram *datagram, struct judge_leg *leg, unsigned speaker);
/* No leg has been told more keys than its party has pressed. */
void judge_keys_told(struct sim *sim);
/* ---- judge_call.c */
void judge_released(struct sim *sim, struct judge_leg *leg);
void judge_calls(struct sim *sim);
