/* Inside call/: the shard and what its files ask of one another. A shard owns its calls, legs, transfers and their
 * timers; there is no state outside it. */
#pragma once

#include "call/call.h"
#include "call/pool.h"
#include "call/table.h"

#define SHARD_TAG_BUCKETS     16384
#define SHARD_FINISHED_MAX    256
#define SHARD_TRANSFER_EVENTS 16 /* at least TRANSFER_EVENT_COUNT */
#define TRANSFER_PATCH_NS     (2 * NS_PER_S)
#define TRANSFER_REPORT_NS    (4 * NS_PER_S)
#define TRANSFER_ANNOUNCE_NS  (10 * NS_PER_S) /* of what never ends, unless the plan says otherwise */
#define TRANSFER_PLAYED_NS    (2 * NS_PER_S)  /* after its end, that the dataplane says so */
#define CALL_ARMED_NS	      (500 * NS_PER_MS)

/* Messages that wait for the leg that takes them: an INVITE, its 100 and its refusal, and one to spare. */
#define TRAFFIC_WAITING_MAX 4
/* Names of legs that are gone, one for each slot: repetitions of their last messages still come. */
#define TRAFFIC_DEPARTED_MAX 4096

struct traffic_name {
	uint64_t leg, call;
	uint32_t number;
	uint8_t kind;
};

struct traffic_waiting {
	struct trace_message message;
	uint32_t network;
	char *data;
	size_t len;
};

struct shard {
	struct env *env;
	const struct config *config;
	struct media *media;
	struct sip_stack *sip;
	struct resolver *resolver;
	struct shard_user user;
	struct pool calls, legs, transfers;
	struct leg *by_tag[SHARD_TAG_BUCKETS]; /* legs by local tag */
	struct transfer *finished[SHARD_FINISHED_MAX];
	unsigned finished_next;
	bool stopping;
	struct shard_counts counts;
	/* How often each cell of the tables was visited. */
	uint64_t call_visits[CALL_STATE_COUNT][CALL_EVENT_COUNT];
	uint64_t transfer_visits[TRANSFER_STATE_COUNT][SHARD_TRANSFER_EVENTS];
	struct traffic_name departed[TRAFFIC_DEPARTED_MAX];
	struct traffic_waiting waiting[TRAFFIC_WAITING_MAX]; /* within shard_datagram only */
	unsigned waiting_count;
	uint32_t captures; /* of every call's media */
};

/* ---- traffic.c: whose each SIP message is */
void traffic_passed(void *arg, const struct sip_traffic *traffic); /* from the stack; arg: the shard */
/* The messages that wait are that leg's; nobody's. */
void traffic_adopt(struct shard *shard, const struct leg *leg);
void traffic_settle(struct shard *shard);
void traffic_leg_gone(struct shard *shard, const struct leg *leg);
/* Has the leg's endpoint captured if its call is. */
void traffic_leg_media(struct leg *leg);
/* From the media. */
void traffic_copied(struct shard *shard, uint64_t owner, const struct media_copy *copy);

/* ---- shard.c */
struct call *shard_get_call(struct shard *shard, uint64_t id);
struct leg *shard_get_leg(struct shard *shard, uint64_t id);
struct transfer *shard_get_transfer(struct shard *shard, uint64_t id);
void shard_tag_add(struct shard *shard, struct leg *leg);
void shard_tag_del(struct shard *shard, struct leg *leg);
struct leg *shard_by_tag(struct shard *shard, const char *local_tag, const char *call_id);
/* "host:port" of ours on a network, as the others see it: its `advertise` address if it has one. Returns buf. */
const char *shard_own_address(const struct config *config, uint32_t network, char buf[static XF_SOCKADDR_STRLEN]);
void shard_reply(struct shard *shard, sip_txn txn, int status, const char *why);

/* ---- call_life.c: a call from its first message to its last leg */
struct call *call_create(struct shard *shard);
/* Frees the call when no leg and no transfer needs it any more. */
void call_settle(struct call *call);
/* Releases every leg that the transfer does not still need. `status` answers a caller that was never answered. */
void call_end(struct call *call, int status, const char *reason);
void call_set_state(struct call *call, enum call_state state);
void call_start_timer(struct call *call);

/* ---- inbound.c: an INVITE outside any dialog */
void inbound_invite(struct shard *shard, sip_txn txn, const struct sip_message *invite, const struct sip_hop *from);
extern const char inbound_allow[];
/* Answers 420 and returns false if the request requires an extension: none is spoken. */
bool inbound_require_nothing(struct shard *shard, sip_txn txn, const struct sip_message *request);

/* ---- call_legs.c: what legs tell their call */
void call_leg_progress(struct call *call, struct leg *leg, int status, bool media);
void call_leg_answered(struct call *call, struct leg *leg);
void call_leg_failed(struct call *call, struct leg *leg, int status, const char *reason);
/* The leg is over. The call's other legs are told the reason, so it names the leg; NULL: its peer hung up. */
void call_leg_gone(struct call *call, struct leg *leg, const char *reason);
/* Releases the leg, whose peer or endpoint does not do its part; reason as above. */
void call_leg_lost(struct call *call, struct leg *leg, int status, const char *reason);
void call_leg_ringing_too_long(struct call *call, struct leg *leg);

/* The agent is gone without having asked for a transfer, or after one that brought the caller back to it. reason: as
 * above. */
void call_agent_lost(struct call *call, const char *reason);
/* What the caller is told when the agent or a target answered with that: what is between us and them (credentials,
 * redirections, loops) is not its business, and it could not answer a challenge. */
int call_callers_status(int status);
/* Answers the caller provisionally, or with 200 and the codecs that `other` took. */
void call_tell_caller(struct call *call, struct leg *other, int status, bool media);
int call_answer_caller(struct call *call, struct leg *other, char *why, size_t why_size);
/* With 200, for what the gateway itself plays. */
int call_answer_caller_alone(struct call *call, char *why, size_t why_size);

/* ---- call_patch.c */
/* Feeds each leg from the one that it should hear now, or a caller that would hear nobody with ringback: called
 * whenever a leg's media or state or the transfer's state changes. armed: a receiver keeps its present source until the
 * new one's first packet. cookie: as media_patch; *changed says whether a batch went out. 0 or -errno. */
int call_patch(struct call *call, bool armed, uint64_t cookie, bool *changed);

/* What a new leg of the call is offered: what the caller has agreed to, or offers, or may; of G.711 both laws. Returns
 * how many. */
unsigned call_offer_codecs(const struct call *call, struct sdp_codec *codecs);

/* ---- leg.c: making, releasing, freeing */
struct leg *leg_create(struct call *call, enum leg_kind kind);
int leg_open_media(struct leg *leg);
void leg_set_deadline(struct leg *leg, uint64_t ns_from_now);
/* Why it ends: the first word counts. `reason` (may be NULL) is not the leg's own. */
void leg_say_reason(struct leg *leg, int status, const char *reason);
/* Ends it the way its state asks: CANCEL, BYE, a final answer, or nothing. status: for a caller never answered. */
void leg_release(struct leg *leg, int status, const char *reason);
/* BYE, as soon as the ACK to our 2xx to its first INVITE is in. */
void leg_bye(struct leg *leg);
/* Dialog over, resources given back; freed as soon as nothing refers to it. */
void leg_ended(struct leg *leg);
void leg_event(const struct leg *leg, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int leg_admit(struct leg *leg, const struct xf_addr *addr);
/* Is it in a source block of the provider or agent whose leg this is? */
bool leg_lists(const struct leg *leg, const struct xf_addr *addr);
bool leg_accepts_from(const struct leg *leg, const struct sip_hop *from);

/* ---- leg_dial.c: our INVITE */
/* uri: where to; looked up, admitted, invited. Failures come as call_leg_failed, never inside the call. */
void leg_dial(struct leg *leg, const struct sip_uri *uri, const char *headers);
void leg_dial_failed(struct leg *leg); /* what leg_dial found wrong at once */
void leg_resolved(struct leg *leg, const struct xf_sockaddr *addrs, unsigned count, const char *why);
void leg_admitted(struct leg *leg, int result);
void leg_invite_response(struct leg *leg, sip_txn txn, const struct sip_message *response, const struct sip_hop *from);
void leg_invite_failed(struct leg *leg, sip_txn txn);

/* ---- leg_dialog.c: requests of ours inside its dialog */
struct leg_request {
	enum sip_method method;
	const char *headers;
	const char *content_type;
	const char *body;
	size_t body_len;
};
int leg_send(struct leg *leg, const struct leg_request *request, sip_txn *txn);
void leg_send_ack(struct leg *leg);
/* Answers a 401 or 407 to a request of this leg. 0: sent again as *txn; else `why`. */
int leg_authenticate(struct leg *leg, sip_txn *txn, const struct sip_message *response, char *why, size_t why_size);
/* A Contact without a usable URI is taken for none: the dialog keeps the target that it has. */
bool leg_can_reach(const struct sip_uri *contact);
/* The dialog of our INVITE that counts from now on: their requests in it are numbered anew. */
void leg_take_tag(struct leg *leg, const char *tag);
void leg_dialog_from_response(struct leg *leg, const struct sip_message *response);
/* Its requests go there from now on, or (-EINPROGRESS) once the dataplane lets the answers in: leg_admitted then.
 * -ENETUNREACH: not by its network, or not for this peer to name. */
int leg_move_hop(struct leg *leg, const struct xf_sockaddr *hop);
/* Where the dialog's requests go from now on; after it an ACK that waits is sent. */
void leg_find_hop(struct leg *leg);
const char *leg_contact(const struct leg *leg, char *buf, size_t size);

/* ---- leg_request.c: their requests inside its dialog */
void leg_request_received(struct leg *leg, sip_txn txn, const struct sip_message *request, const struct sip_hop *from);
void leg_ack_received(struct leg *leg, const struct sip_message *ack);

/* ---- leg_media.c: offer, answer, hold */
void leg_make_offer(struct leg *leg, const struct sdp_codec *codecs, unsigned count);
/* They ask what we want in a session that is up: all of it, on nobody's hold. */
void leg_make_reoffer(struct leg *leg);
/* Their answer to our offer. 0, or a SIP status and why. */
int leg_take_answer(struct leg *leg, const struct sip_message *message, char *why, size_t why_size);
/* Their offer: remembered and judged against `ours`; then leg_make_answer. 0, or a SIP status and why. */
int leg_take_offer(struct leg *leg, const struct sip_message *message, char *why, size_t why_size);
int leg_make_answer(struct leg *leg, const struct sdp_codec *ours, unsigned count);
/* SDP text of the leg's present state: answer to remote_sdp, or (offer) its own. Length or -errno. */
int leg_sdp_text(const struct leg *leg, bool offer, char *buf, size_t size);
bool leg_has_sdp(const struct sip_message *message);
bool leg_hears(const struct leg *leg); /* may media be sent to it? */
/* Its silence is told from now on, if it is connected and has said that it sends; again: as if it had just spoken. */
void leg_watch(struct leg *leg, bool again);
/* Its silence was told: is it lost? spoke_ms: how long after it was first watched like this its last packet came; 0:
 * none. */
bool leg_fell_silent(struct leg *leg, unsigned spoke_ms);
/* What we offer if nothing is known of the other side: both laws of G.711, and events. */
unsigned leg_default_codecs(struct sdp_codec *codecs);

/* ---- leg_keys.c: its peer has pressed a key; code: event of RFC 4733 */
void leg_key_pressed(struct leg *leg, uint8_t code, uint32_t duration_ms);

/* ---- codecs.c: lists with room for SDP_CODEC_MAX; each returns how many there are then */
/* If it has one law of G.711, the other behind its last audio codec. */
unsigned codecs_with_both_laws(struct sdp_codec *codecs, unsigned count);
/* Only the first audio codec, the events and comfort noise; both_laws: if the first is G.711, its other law, too. */
unsigned codecs_one_audio(struct sdp_codec *codecs, unsigned count, bool both_laws);
/* What the gateway itself takes of an offer, to play sounds: the laws of G.711; G.722 only if neither is offered. */
unsigned codecs_own(struct sdp_codec *codecs, const struct sdp_codec *offered, unsigned count);

/* ---- transfer.c: the table; transfer_start.c, transfer_act.c: what its cells do */
#define TRANSFER_EVENTS(X)                                                                                             \
	X(PROGRESS, "progress")                                                                                        \
	X(ANSWERED, "answered")                                                                                        \
	X(FAILED, "failed")                                                                                            \
	X(RING_TIME, "ring-time")                                                                                      \
	X(PATCHED, "patched")                                                                                          \
	X(PATCH_REFUSED, "patch-refused")                                                                              \
	X(CALLER_GONE, "caller-gone")                                                                                  \
	X(AGENT_GONE, "agent-gone")                                                                                    \
	X(REPORTED, "reported")                                                                                        \
	X(REPORT_TIME, "report-time")                                                                                  \
	X(PLAYED, "played")
#define X(symbol, name) TRANSFER_EVENT_##symbol,
enum transfer_event_type { TRANSFER_EVENTS(X) TRANSFER_EVENT_COUNT };
#undef X

struct transfer_event {
	enum transfer_event_type type;
	int status;	    /* PROGRESS, FAILED, CALLER_GONE */
	const char *reason; /* FAILED, CALLER_GONE */
};
void transfer_handle(struct transfer *transfer, const struct transfer_event *event);
const char *transfer_event_name(unsigned type);
_Static_assert(TRANSFER_EVENT_COUNT <= SHARD_TRANSFER_EVENTS, "a column for each event");
/* Does the table name the event possible in that state? */
bool transfer_can(unsigned state, unsigned event);

struct transfer *transfer_create(struct call *call, enum transfer_origin origin);
void transfer_discard(struct transfer *transfer); /* refused before anything was dialled */
void transfer_start(struct transfer *transfer);
/* reason: for the operator; told: for the agent. */
void transfer_finish(struct transfer *transfer, enum transfer_result result, int status, const char *reason,
		     const char *told);
void transfer_done(struct transfer *transfer);
void transfer_try(struct transfer *transfer);

/* Cells of the table (transfer_act.c). */
void transfer_act_progress(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_answered(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_next(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_ring_time(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_connected(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_patch_refused(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_abandon(struct transfer *transfer, const struct transfer_event *event);
/* transfer_announce.c */
void transfer_act_played(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_not_played(struct transfer *transfer, const struct transfer_event *event);
void transfer_act_reported(struct transfer *transfer, const struct transfer_event *event);

/* ---- transfer_announce.c: the caller hears a sound, then the next target is tried */
void transfer_announce(struct transfer *transfer);
/* How long the announcement that is the attempt `n` may take; 0: the dataplane does not have its sound. */
uint64_t transfer_announcement_ns(const struct transfer *transfer, unsigned n);
/* transfer_act.c: what became of the attempt under way, and on to the next. status 0: it did what it was there for. */
void transfer_next(struct transfer *transfer, int status, const char *reason);

/* ---- transfer_plan.c: which targets, and whether policy lets them be called */
/* Fills attempts. 0, or a SIP status and why; nothing is dialled then. `target` describes one target without a plan. */
int transfer_plan_set(struct transfer *transfer, uint32_t plan, char *why, size_t why_size);
int transfer_refer_set(struct transfer *transfer, const struct sip_uri *refer_to, char *why, size_t why_size);
int transfer_operator_set(struct transfer *transfer, const char *to, const char *caller_id, char *why, size_t why_size);

/* ---- refer.c */
void refer_received(struct leg *leg, sip_txn txn, const struct sip_message *request);
/* Tells the agent. final: ends the subscription. */
void refer_notify(struct transfer *transfer, int status, const char *reason, bool final);
void refer_notify_response(struct leg *leg, sip_txn txn, const struct sip_message *response);
void refer_notify_failed(struct leg *leg, sip_txn txn);
