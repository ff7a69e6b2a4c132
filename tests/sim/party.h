/* A party: one side of one dialog with the gateway, with its transactions and its media. By the rules of RFC 3261, or
 * by dice against them. */
#pragma once

#include "media.h"
#include "message.h"
#include "network.h"
#include "sim.h"

enum party_kind { PARTY_CALLER, PARTY_AGENT, PARTY_NUMBER, PARTY_PBX, PARTY_KINDS };
extern const char *const party_names[PARTY_KINDS];

struct client { /* transaction of a request of the party's */
	struct client *next;
	struct party *party;
	const char *branch, *method, *text, *ack; /* ack: to its final answer */
	size_t len;
	uint32_t cseq;
	uint64_t interval_ms, began_ns;
	bool provisional, done;
};

struct server { /* transaction of a request of the gateway's */
	struct server *next;
	struct party *party;
	const struct message *request;
	struct xf_sockaddr own; /* where the request came to */
	const char *answer;	/* last one */
	size_t answer_len;
	int status; /* of it; 0: none yet */
	uint64_t interval_ms, began_ns;
	bool acked;
};

struct callee_plan {
	unsigned challenge, progress, outcome, on_cancel;
	uint64_t ring_ms;
	unsigned bye_after_ms;	  /* after it was connected; 0: never */
	unsigned hold_after_ms;	  /* 0: never */
	unsigned stall_ms;	  /* the dataplane stands still when it answers */
	bool challenge_bye, deaf; /* deaf: answers nothing once it is connected */
};

struct party {
	struct sim *sim;
	enum party_kind kind;
	unsigned number; /* in the history */
	struct sim_call *call;
	enum sim_network network;
	struct xf_sockaddr own, gateway;
	const char *call_id, *tag, *remote_tag;
	const char *local_uri, *remote_uri, *target; /* target: the gateway's Contact */
	const char *contact;			     /* ours */
	uint32_t cseq, invite_cseq;
	bool connected, ended, holding, offered_late;
	uint64_t connected_ns;
	struct client *clients;
	struct server *servers;
	struct client *invite; /* caller's */
	struct server *rung;   /* callee's */
	struct media media;
	struct callee_plan plan;
	/* digest of a callee that challenges */
	const char *nonce, *realm;
	unsigned challenges;
	/* agent */
	unsigned refers;
	uint32_t refer_cseq;
	bool referring; /* until its final NOTIFY */
	int referred;	/* status of the final NOTIFY */
};

struct party *party_create(struct sim *sim, enum party_kind kind);
unsigned party_roll(struct party *party, unsigned sides);
bool party_chance(struct party *party, unsigned permille);
#define PARTY_PICK(party, ...) DICE_PICK((party)->sim->dice, DICE_PARTY + (party)->number, __VA_ARGS__)

/* A SIP datagram that came to a party's address. */
void party_receive(struct sim *sim, const struct datagram *datagram);
/* A request in the party's dialog, or its INVITE. extra: header lines; body: SDP, or NULL. */
struct client *party_request(struct party *party, const char *method, const char *extra, const char *body);
void party_cancel(struct party *party);
void party_ack(struct party *party, struct client *invite, const char *body);
void party_answer(struct server *server, int status, const char *extra, const char *body);
/* BYE if it is in a dialog; it is over for this party then. */
void party_bye(struct party *party);
void party_end(struct party *party);
void party_connected(struct party *party);
/* The gateway is about to send its ACK, and what it tells the dataplane of the answer is on its way. */
void party_acknowledged(struct sim *sim, const char *call_id, const struct xf_sockaddr *gateway_media);
/* Sends bytes, perhaps spoilt. */
void party_transmit(struct party *party, const struct xf_sockaddr *from, const char *text, size_t len);

/* ---- caller.c */
void caller_plan(struct sim *sim, unsigned number);
void caller_answered(struct party *party, struct client *client, const struct message *response);

/* ---- callee.c */
void callee_rung(struct sim *sim, const struct message *invite, const struct datagram *datagram);
void callee_cancelled(struct party *party);
void callee_connected(struct party *party);
/* Requests in its dialog that are not answered by the rules common to all; false: not mine. */
bool callee_request(struct party *party, struct server *server);

/* ---- agent.c */
void agent_connected(struct party *party);
void agent_notified(struct party *party, struct server *server);
void agent_answered(struct party *party, struct client *client, const struct message *response);

/* ---- digest.c: Digest as RFC 7616 asks of a server. */
/* The Authorization or Proxy-Authorization of the request is right for the nonce and realm. */
bool digest_right(const struct message *request, const char *realm, const char *nonce, const char *password);
