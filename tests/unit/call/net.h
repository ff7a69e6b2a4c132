/* The control plane in memory with its peers: virtual time, a fake dataplane, and phones that are written message by
 * message. Nothing here knows how the plane works inside: it hears what the plane sends. */
#pragma once

#include "../media/fake_dataplane.h"
#include "plane/plane.h"

#define NET_SENT_MAX 4096

struct sent {
	uint64_t at_ns;
	uint32_t network;
	struct xf_sockaddr to;
	struct sip_message *message;
	char *text;
	bool taken;
};

struct net {
	struct plane *plane;
	struct config *config;
	struct seam seam;
	uint64_t now_ns, random;
	struct fake_dataplane dp;
	bool link;
	bool mute_dataplane; /* it answers nothing */
	bool mute_resolver;
	bool damaged; /* what is said now is, and so are the refusals that quote it: they are not kept */
	struct sent sent[NET_SENT_MAX];
	unsigned sent_count;
	struct {
		uint64_t query;
		char name[64];
	} asked[64];
	unsigned asked_count;
	char reply[65536]; /* last JSON-RPC answer */
	unsigned replies;
	char *notified[256]; /* JSON-RPC notifications */
	unsigned notified_count;
	unsigned impossible; /* log lines that say so */
	char *logged[256];   /* the newest lines of the log */
	unsigned log_count;
	bool verbose;
};

/* Networks 0 "carrier" 192.0.2.1, 1 "agents" 198.51.100.1, 2 "pbx" 203.0.113.1; see net.c for providers and plans. */
struct net *net_create(void);
/* The same with network 0 behind NAT: the carrier sees us at that address. */
struct net *net_create_advertising(const char *address);
void net_destroy(struct net *net);
void net_pass(struct net *net, uint64_t ms);

/* A datagram from "address:port" (its network follows from the address). */
void net_say(struct net *net, const char *from, const char *text);
/* The first message not taken yet to that address: a method ("BYE"), or "200 INVITE" for an answer. NULL: none. */
const struct sip_message *net_hear(struct net *net, const char *address, const char *what);
/* How many of that kind were sent at all, taken or not, retransmissions counted. */
unsigned net_count(const struct net *net, const char *address, const char *what);
const char *net_rpc(struct net *net, const char *line);
struct shard_counts net_counts(struct net *net);
/* The newest line of the log that contains `text`, of the last 256; "": none. */
const char *net_logged(const struct net *net, const char *text);

/* A phone in one dialog. */
struct phone {
	struct net *net;
	const char *address; /* "192.0.2.20" */
	const char *contact; /* URI that it names as its own; NULL: of its address */
	unsigned media_port;
	char call_id[128], tag[32], remote_tag[128];
	char remote_target[SIP_URI_MAX];
	char from[SIP_URI_MAX], to[SIP_URI_MAX]; /* URIs of ours and theirs */
	unsigned cseq;
	const struct sip_message *invite; /* theirs, that it answers */
};

void phone_init(struct phone *phone, struct net *net, const char *address);
const char *phone_sdp(const struct phone *phone, const char *direction);
/* INVITE to us; sdp NULL: late offer. extra: header lines. */
void phone_invite(struct phone *phone, const char *from, const char *number, const char *sdp, const char *extra);
/* Takes the 200 to its INVITE (fails the test if there is none) and acknowledges it. */
const struct sip_message *phone_connected(struct phone *phone, const char *ack_sdp);
/* Takes an INVITE that we sent. */
const struct sip_message *phone_rung(struct phone *phone);
void phone_answer(struct phone *phone, const struct sip_message *request, int status, const char *extra,
		  const char *sdp);
/* ACK to the 2xx of the INVITE that has this number. */
void phone_ack(struct phone *phone, unsigned cseq, const char *sdp);
/* A request in its dialog. */
void phone_request(struct phone *phone, const char *method, const char *extra, const char *sdp);
/* Takes a request of ours in its dialog and answers it 200. */
const struct sip_message *phone_ok(struct phone *phone, const char *method);

/* Caller 192.0.2.20 and agent 198.51.100.10, connected and talking. */
void net_connect(struct net *net, struct phone *caller, struct phone *agent, const char *number);
/* Nothing is left: no call, leg, transfer, transaction, endpoint, timer of theirs. Lets the linger times pass. */
void net_expect_nothing_left(struct net *net);
/* Who feeds the endpoint at our port that `sdp` names. 0: nobody; else the port of the source. */
unsigned net_feeder(struct net *net, const struct sip_message *with_sdp);
/* The prompt that feeds it; "": none. */
const char *net_prompt(struct net *net, const struct sip_message *with_sdp);
/* The one that it hears while what feeds it is silent; likewise. */
const char *net_hold_music(struct net *net, const struct sip_message *with_sdp);
/* Where it sends RTCP to: the port. */
unsigned net_rtcp(struct net *net, const struct sip_message *with_sdp);
struct xf_endpoint_id net_endpoint(struct net *net, const struct sip_message *with_sdp);
unsigned net_port(const struct sip_message *with_sdp);
