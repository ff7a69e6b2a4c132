/* Those whom the gateway calls: agents, the provider's other end, PBXs. */
#include "judge.h"
#include "party.h"

enum { RIGHT = 1, WRONG_REALM, STALE, TWICE };						/* challenge */
enum { RINGING, NOTHING, EARLY, RINGING_EARLY, QUEUED };				/* progress */
enum { OK, BUSY, GONE, SILENT, MOVED, UNAVAILABLE, FORK, NO_SDP, REFUSED, ERROR, ODD }; /* outcome */
enum { TERMINATED, CROSSING, MUTE };							/* on_cancel */

static void plan_late(struct party *party)
{
	struct callee_plan *p = &party->plan;
	p->challenge = p->bye_after_ms = 0;
	p->ring_ms = 300;
	p->outcome = party->kind == PARTY_AGENT ? BUSY : party->kind == PARTY_PBX ? OK : SILENT;
	p->on_cancel = TERMINATED;
	if (party->kind == PARTY_PBX)
		p->stall_ms = 2500;
}

static void plan_cross(struct party *party)
{
	struct callee_plan *p = &party->plan;
	p->challenge = p->bye_after_ms = 0;
	p->ring_ms = 300;
	p->outcome = OK;
	if (party->kind != PARTY_AGENT)
		p->stall_ms = 1500;
}

static void plan(struct party *party)
{
	static const unsigned stalls_ms[] = {30, 400, 1500, 2600};
	static const uint64_t ring_ms[] = {800, 0, 100, 2500, 6000, 12000, 40000};
	struct callee_plan *p = &party->plan;
	bool agent = party->kind == PARTY_AGENT;
	p->challenge = PARTY_PICK(party, 820, 100, 40, 20, 20);
	p->progress = PARTY_PICK(party, 50, 10, 10, 10, 5);
	p->ring_ms = ring_ms[PARTY_PICK(party, 60, 5, 10, 15, 10, 5, 2)] + party_roll(party, 10) * 30;
	p->outcome = agent ? PARTY_PICK(party, 900, 20, 10, 20, 10, 10, 5, 5, 10, 5, 5)
			   : PARTY_PICK(party, 560, 90, 60, 80, 20, 40, 40, 20, 40, 25, 25);
	p->on_cancel = PARTY_PICK(party, 70, 25, 5);
	if (party_chance(party, agent ? 60 : 200))
		p->bye_after_ms = 20 + party_roll(party, 60) * 100;
	if (party_chance(party, 100))
		p->hold_after_ms = 200 + party_roll(party, 30) * 100;
	p->challenge_bye = party_chance(party, 60);
	p->deaf = party_chance(party, 20);
	if (party_chance(party, 100))
		party->media.source.port += 8;
	if (party_chance(party, 100)) {
		static const char *const elsewhere[PARTY_KINDS] = {"192.0.2.77", "198.51.100.77", "192.0.2.77",
								   "203.0.113.77"};
		static const char *const odd[] = {"192.168.7.7", "127.0.0.1", "224.0.0.5", "0.0.0.0", "nowhere.lab"};
		unsigned far = PARTY_PICK(party, 50, 30);
		bool v6 = party->own.addr.family == 6;
		party->contact = sim_print(party->sim, v6 && !far ? "sip:sim@[2001:db8:3::77]" : "sip:sim@%s",
					   far ? odd[party_roll(party, 5)] : elsewhere[party->kind]);
	}
	if (party_chance(party, 30))
		party->media.silent = true;
	if (party->sim->plan.stalls && party_chance(party, 600))
		p->stall_ms = stalls_ms[party_roll(party, 4)];
	if (party->sim->plan.plot == SIM_PLOT_LATE)
		plan_late(party);
	if (party->sim->plan.plot == SIM_PLOT_CROSS)
		plan_cross(party);
}

static void final(struct party *party)
{
	struct server *s = party->rung;
	const char *sdp = media_sdp(party, "sendrecv");

	switch (party->plan.outcome) {
	case OK:
		party_answer(s, 200, NULL, sdp);
		return;
	case FORK: {
		/* Another branch answers too, with a tag of its own. */
		struct server *other = sim_alloc(party->sim, sizeof(*other));
		const char *tag = party->tag;
		*other = *s;
		party_answer(s, 200, NULL, sdp);
		party->tag = sim_print(party->sim, "%sfork", tag);
		other->acked = true;
		party_answer(other, 200, NULL, sdp);
		party->tag = tag;
		return;
	}
	case NO_SDP:
		party_answer(s, 200, NULL, NULL);
		return;
	case BUSY:
		party_answer(s, 486, NULL, NULL);
		break;
	case GONE:
		party_answer(s, 404, NULL, NULL);
		break;
	case MOVED:
		party_answer(s, 302, NULL, NULL);
		break;
	case UNAVAILABLE:
		party_answer(s, 480, NULL, NULL);
		break;
	case REFUSED:
		party_answer(s, 603, NULL, NULL);
		break;
	case ERROR:
		party_answer(s, 503, "Retry-After: 5\r\n", NULL);
		break;
	case ODD:
		party_answer(s, 488, NULL, NULL);
		break;
	default:
		return;
	}
	party_end(party);
}

static void answer(void *arg, uint64_t number)
{
	struct party *party = arg;
	if (party->rung->status < 200)
		final(party);
}

static bool challenged(struct party *party, struct server *server)
{
	struct sim *sim = party->sim;
	static const char *const realms[PARTY_KINDS] = {"", "agent.lab", "carrier.lab", "pbx.lab"};
	if (!party->plan.challenge)
		return false;
	if (party->nonce && digest_right(server->request, party->realm, party->nonce, "hunter2")) {
		if (party->plan.challenge == RIGHT || party->challenges >= 2)
			return false;
	} else if (party->challenges >= 3 || (party->challenges && party->plan.challenge == RIGHT)) {
		judge_digest_wrong(party->sim, party->call_id);
		party_answer(server, 403, NULL, NULL);
		party_end(party);
		return true;
	}
	bool stale = party->plan.challenge == STALE && party->challenges;
	party->realm = party->plan.challenge == WRONG_REALM ? "elsewhere.lab" : realms[party->kind];
	party->nonce = sim_print(sim, "n%u", ++sim->serial);
	party->challenges++;
	party_answer(server, party->kind == PARTY_NUMBER ? 407 : 401,
		     sim_print(sim, "%s: Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"%s\r\n",
			       party->kind == PARTY_NUMBER ? "Proxy-Authenticate" : "WWW-Authenticate", party->realm,
			       party->nonce, stale ? ", stale=true" : ""),
		     NULL);
	return true;
}

static void ring(struct party *party, struct server *server)
{
	const struct message *m = server->request;
	party->rung = server;
	party->local_uri = m->to_uri;
	party->remote_uri = m->from_uri;
	party->remote_tag = m->from_tag;
	party->target = m->contact;
	if (challenged(party, server))
		return;
	media_take(party, m);
	if (party->plan.progress == RINGING || party->plan.progress == RINGING_EARLY)
		party_answer(server, 180, NULL, NULL);
	if (party->plan.progress == EARLY || party->plan.progress == RINGING_EARLY) {
		party_answer(server, 183, NULL, media_sdp(party, "sendrecv"));
		media_talk_all(party->sim, party->call, 400);
	}
	if (party->plan.progress == QUEUED)
		party_answer(server, 182, NULL, NULL);
	if (party->plan.outcome != SILENT)
		sim_later(party->sim, party->plan.ring_ms, answer, party, 0);
}

void callee_rung(struct sim *sim, const struct message *invite, const struct datagram *datagram)
{
	struct sim_call *call = judge_call(sim, invite->call_id);
	enum party_kind kind = datagram->network == SIM_AGENTS ? PARTY_AGENT
			       : datagram->network == SIM_PBX  ? PARTY_PBX
							       : PARTY_NUMBER;
	struct party *party = call ? party_create(sim, kind) : NULL;
	if (!party)
		return;
	struct server *server = sim_alloc(sim, sizeof(*server));
	server->party = party;
	server->request = invite;
	server->own = datagram->to;
	party->servers = server;
	party->call = call;
	party->call_id = invite->call_id;
	plan(party);
	ring(party, server);
}

void callee_cancelled(struct party *party)
{
	struct server *s = party->rung;
	if (!s || s->status >= 200)
		return;
	if (party->plan.on_cancel == MUTE)
		return;
	if (party->plan.on_cancel == CROSSING) {
		party_answer(s, 200, NULL, media_sdp(party, "sendrecv"));
		return;
	}
	party_answer(s, 487, NULL, NULL);
	party_end(party);
}

static void hang_up(void *arg, uint64_t number)
{
	party_bye(arg);
}

static void hold(void *arg, uint64_t number)
{
	struct party *party = arg;
	if (party->ended)
		return;
	party->holding = !party->holding;
	if (party_chance(party, 300))
		media_move(party);
	party_request(party, "INVITE", NULL, media_sdp(party, party->holding ? "sendonly" : "sendrecv"));
	if (party->holding)
		sim_later(party->sim, 1500, hold, party, 0);
}

void callee_connected(struct party *party)
{
	if (party->plan.bye_after_ms)
		sim_later(party->sim, party->plan.bye_after_ms, hang_up, party, 0);
	if (party->plan.hold_after_ms)
		sim_later(party->sim, party->plan.hold_after_ms, hold, party, 0);
	sim_note(party->sim, "%s %u is connected", party_names[party->kind], party->number);
}

bool callee_request(struct party *party, struct server *server)
{
	const struct message *m = server->request;
	if (party->plan.deaf && party->connected)
		return true;
	if (message_is(m, "INVITE")) {
		ring(party, server); /* again, with credentials */
		return true;
	}
	if (message_is(m, "NOTIFY") && party->kind == PARTY_AGENT) {
		agent_notified(party, server);
		return true;
	}
	return false;
}
