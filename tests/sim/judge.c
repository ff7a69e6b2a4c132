#include "judge.h"
#include "party.h"

#include <stdarg.h>

void judge_begin(struct sim *sim)
{
	sim->judge = sim_alloc(sim, sizeof(*sim->judge));
	world_counts(sim->world, &sim->judge->before);
}

void judge_fail(struct sim *sim, const char *invariant, const char *format, ...)
{
	struct judge *judge = sim->judge;
	va_list args;
	if (judge->failed)
		return;
	judge->failed = true;
	judge->result.failed = true;
	judge->result.seen_ns = sim_now(sim);
	snprintf(judge->result.invariant, sizeof(judge->result.invariant), "%s", invariant);
	va_start(args, format);
	vsnprintf(judge->result.text, sizeof(judge->result.text), format, args);
	va_end(args);
}

struct judge_leg *judge_leg(struct sim *sim, const char *call_id)
{
	for (struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next)
		if (strcmp(leg->call_id, call_id) == 0)
			return leg;
	return NULL;
}

/* The caller's side may have spoilt its tag in one copy of its INVITE: then there are two calls. */
static struct judge_leg *leg_of(struct sim *sim, const struct message *m, bool by_gateway)
{
	const char *tag = m->request == by_gateway ? m->to_tag : m->from_tag;
	for (struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next)
		if (strcmp(leg->call_id, m->call_id) == 0 &&
		    (leg->kind != JUDGE_CALLER || strcmp(leg->from_tag, tag) == 0))
			return leg;
	return NULL;
}

struct sim_call *judge_call(struct sim *sim, const char *call_id)
{
	const struct judge_leg *leg = judge_leg(sim, call_id);
	return leg ? leg->call : NULL;
}

static struct judge_leg *leg_create(struct sim *sim, const struct message *m, enum sim_network network,
				    enum judge_kind kind)
{
	struct judge_leg *leg = sim_alloc(sim, sizeof(*leg));
	leg->kind = kind;
	leg->call_id = m->call_id;
	leg->network = network;
	leg->life = sim->control_deaths;
	leg->invite_cseq = m->cseq;
	leg->from_tag = m->from_tag;
	leg->invited_ns = sim_now(sim);
	leg->next = sim->judge->legs;
	sim->judge->legs = leg;
	return leg;
}

/* Which call the gateway's INVITE is for, it says itself. */
static struct judge_leg *leg_out(struct sim *sim, const struct message *m, enum sim_network network)
{
	struct plane *plane = world_plane(sim->world);
	char why[128];
	const struct call *call = plane ? shard_find_call(plane_shard(plane), m->call_id, why, sizeof(why)) : NULL;
	struct judge_leg *leg = leg_create(sim, m, network, network == SIM_AGENTS ? JUDGE_AGENT : JUDGE_TARGET);
	char user[64];
	message_uri_user(m->from_uri, user, sizeof(user));
	/* A first copy that was lost may leave this one behind, when its call has gone on without it. */
	leg->call = sim_call_of(sim, call ? call->caller_number : user);
	if (!leg->call && sim->plan.calls == 1)
		leg->call = &sim->calls[0];
	return leg;
}

static void take_local(struct sim *sim, struct judge_leg *leg, const struct message *m)
{
	char address[XF_ADDR_STRLEN];
	const char *c = strstr(m->body, "c=IN IP"), *audio = strstr(m->body, "m=audio ");
	unsigned port;
	if (!message_has_sdp(m) || !c || !audio || sscanf(c + 9, "%47[0-9a-fA-F.:]", address) != 1 ||
	    sscanf(audio, "m=audio %u", &port) != 1 || xf_addr_parse(&leg->local.addr, address) < 0)
		return;
	leg->local.port = (uint16_t)port;
}

static void ended(struct sim *sim, struct judge_leg *leg)
{
	if (!leg->ended_ns)
		leg->ended_ns = sim_now(sim);
}

struct judge_refer {
	struct judge_refer *next;
	const char *branch;
};

/* Repeated messages have the branch of the first one. */
static bool is_repeated(struct sim *sim, const char *branch)
{
	struct judge_refer *seen = sim->judge->refers;
	for (; seen; seen = seen->next)
		if (strcmp(seen->branch, branch) == 0)
			return true;
	seen = sim_alloc(sim, sizeof(*seen));
	seen->branch = branch;
	seen->next = sim->judge->refers;
	sim->judge->refers = seen;
	return false;
}

static void refer_accepted(struct sim *sim, struct judge_leg *leg, const struct message *m)
{
	const char *sub = message_header(m, "Refer-Sub");
	if ((sub && strncasecmp(sub, "false", 5) == 0) || is_repeated(sim, m->branch))
		return;
	leg->accepted++;
	leg->accepted_ns = sim_now(sim);
}

static struct judge_branch *branch_of(struct sim *sim, struct judge_leg *leg, const char *tag)
{
	struct judge_branch *branch = leg->branches;
	while (branch && strcmp(branch->tag, tag) != 0)
		branch = branch->next;
	if (branch)
		return branch;
	branch = sim_alloc(sim, sizeof(*branch));
	branch->tag = tag;
	branch->next = leg->branches;
	leg->branches = branch;
	return branch;
}

/* Is another one left? */
static bool branch_end(struct sim *sim, struct judge_leg *leg, const char *tag)
{
	branch_of(sim, leg, tag)->ended = true;
	for (const struct judge_branch *branch = leg->branches; branch; branch = branch->next)
		if (!branch->ended)
			return true;
	return false;
}

/* The gateway's answers tell what it took from the other side. */
static void follow_response(struct sim *sim, struct judge_leg *leg, const struct message *m)
{
	if (message_is(m, "INVITE") && leg->kind == JUDGE_CALLER && m->cseq == leg->invite_cseq) {
		if (m->status >= 300)
			ended(sim, leg);
		else if (m->status >= 200 && !leg->answered_ns)
			leg->answered_ns = sim_now(sim);
		leg->to_tag = m->to_tag;
	}
	if (message_is(m, "BYE") && m->status == 200)
		ended(sim, leg);
	if (message_is(m, "CANCEL") && m->status == 200 && !leg->answered_ns)
		ended(sim, leg);
	if (message_is(m, "REFER") && m->status / 100 == 2)
		refer_accepted(sim, leg, m);
}

static void follow_request(struct sim *sim, struct judge_leg *leg, const struct message *m)
{
	const char *state = message_header(m, "Subscription-State");
	if (message_is(m, "ACK") && leg->answered_ns)
		branch_of(sim, leg, m->to_tag);
	if (message_is(m, "ACK") && leg->answered_ns && !leg->acked_ns) {
		leg->acked_ns = sim_now(sim);
		party_acknowledged(sim, m->call_id, &leg->local);
	}
	if (message_is(m, "BYE") && branch_end(sim, leg, m->to_tag))
		return; /* of a forked INVITE's branches another one is kept */
	if (message_is(m, "CANCEL"))
		ended(sim, leg);
	if (message_is(m, "BYE")) {
		ended(sim, leg);
		if (!leg->bye_ns) {
			leg->bye_ns = sim_now(sim);
			if (leg->kind == JUDGE_AGENT)
				judge_released(sim, leg);
		}
	}
	if (message_is(m, "NOTIFY") && state && strncmp(state, "terminated", 10) == 0 && !is_repeated(sim, m->branch)) {
		leg->accepted_ns = 0;
		if (++leg->finals > leg->accepted && !sim->deaf[SIM_AGENTS])
			judge_fail(sim, "notify", "final NOTIFY %u for %u accepted REFERs: %.300s", leg->finals,
				   leg->accepted, m->text);
	}
}

static void sip_sent(struct sim *sim, const struct datagram *d)
{
	struct message *m = message_read(sim, d->data, d->len);
	struct judge_leg *leg = m->bad ? NULL : leg_of(sim, m, true);
	char to[XF_SOCKADDR_STRLEN];
	if (sim->options.verbose)
		fprintf(stderr, "%.3f -> %s\n%.*s\n", (double)(sim_now(sim) - SIM_START_NS) / 1e9,
			xf_sockaddr_format(&d->to, to), (int)m->len, m->text);
	sim_note(sim, "gateway -> %s: %.60s (%u %s)", xf_sockaddr_format(&d->to, to), m->bad ? m->text : m->start,
		 m->cseq, m->method);
	if (m->bad) {
		judge_fail(sim, "syntax", "the gateway sends what is no SIP: %.600s", m->text);
		return;
	}
	if (!leg && m->request && message_is(m, "INVITE") && !*m->to_tag)
		leg = leg_out(sim, m, d->network);
	/* To a control plane that has forgotten the call a repeated INVITE is a new one. */
	if (leg && leg->kind == JUDGE_CALLER && leg->life != sim->control_deaths && m->status == 100 && !*m->to_tag)
		leg = NULL;
	if (!leg && !m->request && message_is(m, "INVITE") && d->network == SIM_CARRIER) {
		char user[64];
		message_uri_user(m->from_uri, user, sizeof(user));
		leg = leg_create(sim, m, d->network, JUDGE_CALLER);
		leg->call = sim_call_of(sim, user);
	}
	if (leg) {
		take_local(sim, leg, m);
		if (m->request)
			follow_request(sim, leg, m);
		else
			follow_response(sim, leg, m);
		judge_credentials(sim, d, m, leg);
	} else if (message_header(m, "Authorization") || message_header(m, "Proxy-Authorization")) {
		judge_fail(sim, "digest", "credentials outside any dialog: %.300s", m->text);
	}
	judge_message(sim, d, m, leg);
}

void judge_hash(struct sim *sim, const void *frame, size_t len)
{
	const uint8_t *bytes = frame;
	uint64_t h = sim->judge->result.hash ^ sim_now(sim);
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3ull;
	sim->judge->result.hash = h;
}

void judge_sent(struct sim *sim, const struct datagram *d)
{
	sim->judge->frames++;
	if (d->from.port == 5060)
		sip_sent(sim, d);
	else
		judge_rtp(sim, d);
}

static void heard(struct judge_leg *leg, uint64_t now_ns)
{
	if (now_ns - leg->heard_ns > 100 * NS_PER_MS)
		leg->heard_before_ns = leg->heard_ns;
	leg->heard_ns = now_ns;
}

void judge_received(struct sim *sim, const struct datagram *d)
{
	char from[XF_SOCKADDR_STRLEN];
	if (d->to.port != 5060 && d->to.port & 1)
		return; /* RTCP locks nothing and keeps nobody alive */
	if (d->to.port != 5060) {
		struct party *party = media_party(sim, &d->from);
		struct judge_leg *speaker = party ? judge_leg(sim, party->call_id) : NULL;
		bool offered = speaker && (speaker->kind != JUDGE_CALLER ||
					   (speaker->acked_ns && sim_now(sim) - speaker->acked_ns > 50 * NS_PER_MS));
		/* Only what comes when its side of the call is surely up has surely been taken; a caller's ACK may
		 * have brought its SDP. */
		if (offered && party->connected && sim_now(sim) - party->connected_ns > 100 * NS_PER_MS)
			party->media.heard = true;
		/* Behind NAT, or after a move that was refused, it may never be taken for itself. */
		if (speaker && !party->media.moved && xf_sockaddr_eq(&party->media.said, &d->from))
			heard(speaker, sim_now(sim));
		return;
	}
	struct message *m = message_read(sim, d->data, d->len);
	if (sim->options.verbose)
		fprintf(stderr, "%.3f <- %s\n%.*s\n", (double)(sim_now(sim) - SIM_START_NS) / 1e9,
			xf_sockaddr_format(&d->from, from), (int)m->len, m->text);
	sim_note(sim, "%s -> gateway: %.60s (%u %s)%s", xf_sockaddr_format(&d->from, from), m->text, m->cseq, m->method,
		 m->bad ? " spoilt" : "");
	/* What comes while a plane is away is lost. */
	if (!sim->control || !sim->dataplane)
		return;
	struct judge_leg *leg = m->bad ? NULL : leg_of(sim, m, false);
	if (!leg)
		return;
	if (!m->request && message_is(m, "INVITE") && m->status >= 200) {
		if (m->status < 300)
			branch_of(sim, leg, m->to_tag);
		if (m->status < 300 && !leg->answered_ns) {
			leg->answered_ns = sim_now(sim);
		} else if (m->status >= 300 && m->status != 401 && m->status != 407 && !leg->answered_ns)
			ended(sim, leg);
	}
	/* Its answer may not have left. */
	if (m->request && message_is(m, "BYE") && sim->deaf[d->network])
		ended(sim, leg);
	if (m->request && message_is(m, "ACK") && leg->kind == JUDGE_CALLER && m->cseq == leg->invite_cseq &&
	    leg->answered_ns && !leg->acked_ns && strcmp(leg->from_tag, m->from_tag) == 0 &&
	    strcmp(leg->to_tag, m->to_tag) == 0)
		leg->acked_ns = sim_now(sim);
	judge_challenged(sim, m, leg);
}

void judge_lost(struct sim *sim, const struct xf_sockaddr *local)
{
	for (struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next)
		if (xf_sockaddr_eq(&leg->local, local))
			leg->lost = true;
}

void judge_look(struct sim *sim)
{
	if (sim->judge->impossible)
		judge_fail(sim, "table", "the log says event=impossible");
	judge_calls(sim);
	judge_keys_told(sim);
}

void judge_end(struct sim *sim)
{
	for (const struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next)
		if (leg->accepted > leg->finals && leg->life == sim->control_deaths && !sim->deaf[SIM_AGENTS])
			judge_fail(sim, "notify", "%u REFERs of %s were accepted, %u final NOTIFYs sent", leg->accepted,
				   leg->call_id, leg->finals);
}
