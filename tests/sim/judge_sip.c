/* Each message that leaves: where to, what it gives away, and that it fits those before. */
#include "judge.h"
#include "party.h"

struct judge_answer {
	struct judge_answer *next;
	const struct message *m;
	struct xf_sockaddr to;
	uint64_t at_ns;
	unsigned life;
};

static bool is_station(const struct sim *sim, const struct xf_addr *addr)
{
	static const char *const stations[] = {"192.0.2.20", "192.0.2.10", "198.51.100.10", "203.0.113.10",
					       "2001:db8:3::10"};
	struct xf_addr known;
	for (size_t i = 0; i < sizeof(stations) / sizeof(*stations); i++)
		if (xf_addr_parse(&known, stations[i]) == 0 && xf_addr_eq(&known, addr))
			return true;
	return false;
}

/* To those who are configured, and, within a dialog, to where its other side says it is. */
static void judge_address(struct sim *sim, const struct datagram *d, const struct message *m)
{
	char shown[XF_ADDR_STRLEN], to[XF_SOCKADDR_STRLEN];
	xf_addr_format(&d->to.addr, shown);
	/* A response goes to the port that Via names (RFC 3261 18.2.2), and that may have come spoilt. */
	if (is_station(sim, &d->to.addr) && (d->to.port == 5060 || (!m->request && sim->plan.rude)))
		return;
	static const char *const near[] = {"192.0.2.77", "198.51.100.77", "203.0.113.77", "2001:db8:3::77"};
	bool may = false;
	for (size_t i = 0; i < sizeof(near) / sizeof(*near); i++)
		may = may || strcmp(near[i], shown) == 0;
	for (unsigned i = 0; may && d->to.port == 5060 && i < sim->party_count; i++)
		if (strcmp(sim->parties[i]->call_id, m->call_id) == 0 && strstr(sim->parties[i]->contact, shown))
			return;
	judge_fail(sim, "address", "sent to %s, who is neither configured nor negotiated: %.400s",
		   xf_sockaddr_format(&d->to, to), m->text);
}

static void judge_topology(struct sim *sim, const struct datagram *d, const struct message *m)
{
	static const char *const hidden[SIM_NETWORKS][4] = {
	    {"198.51.100.", "203.0.113.", "agent.lab", "2001:db8:3"},
	    {"192.0.2.", "203.0.113.", "secret", "2001:db8:3"},
	    {"192.0.2.", "198.51.100.", "secret", "agent.lab"},
	};
	struct judge_leg *leg = judge_leg(sim, m->call_id);
	/* What a party said itself it may hear again. */
	if (leg && leg->kind == JUDGE_CALLER)
		return;
	for (unsigned i = 0; m->request && i < 4; i++)
		if (strstr(m->text, hidden[d->network][i]))
			judge_fail(sim, "topology", "to network %u goes '%s': %.600s", d->network,
				   hidden[d->network][i], m->text);
}

/* The caller's side sees nothing of the others, whoever wrote its own lines. */
static void judge_topology_caller(struct sim *sim, const struct message *m)
{
	static const char *const hidden[] = {"198.51.100.", "203.0.113.", "agent.lab", "pbx.lab", "2001:db8:3"};
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (strstr(m->text, hidden[i]))
			judge_fail(sim, "topology", "the caller is told '%s': %.600s", hidden[i], m->text);
	if (strstr(m->start, "Words of"))
		judge_fail(sim, "topology", "the caller is told another's words: %s", m->start);
}

static bool authorised(const struct sim *sim, const char *number, uint32_t provider)
{
	for (uint32_t i = 0; i < sim->config->number_count; i++) {
		const struct config_number *n = &sim->config->numbers[i];
		if (strcmp(n->number, number) != 0 || !n->verified || !n->active ||
		    strcmp(n->owner, sim->config->providers[provider].owner) != 0)
			continue;
		for (uint32_t k = 0; k < n->provider_count; k++)
			if (n->providers[k] == provider)
				return true;
	}
	return false;
}

static void judge_caller_id(struct sim *sim, const struct datagram *d, const struct message *m)
{
	static const char *const names[] = {"From", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"};
	if (!m->request || !message_is(m, "INVITE") || d->network != SIM_CARRIER)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = message_header(m, names[i]);
		char user[64];
		if (!value)
			continue;
		message_uri_user(value, user, sizeof(user));
		if (!authorised(sim, user, 0))
			judge_fail(sim, "caller-id", "%s of an INVITE to the provider: %s", names[i], value);
	}
}

/* Of a message that was damaged on its way, before anybody looks which transaction it is of. */
static bool is_of_no_transaction(int status)
{
	return status == 400 || status == 416 || status == 482 || status == 483 || status == 505 || status == 513;
}

static struct judge_answer **bucket(struct judge *judge, const struct message *m)
{
	uint32_t h = 2166136261u;
	for (const char *p = m->via; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return &judge->answers[h % JUDGE_ANSWERS];
}

/* All answers to a request have one tag, and it has one final answer. */
static void judge_answer(struct sim *sim, const struct datagram *d, const struct message *m)
{
	struct judge_answer **head = bucket(sim->judge, m);
	if (m->status == 100 || message_is(m, "CANCEL") || is_of_no_transaction(m->status))
		return;
	for (const struct judge_answer *a = *head; a; a = a->next) {
		if (strcmp(a->m->via, m->via) != 0 || strcmp(a->m->call_id, m->call_id) != 0 || a->m->cseq != m->cseq ||
		    strcmp(a->m->method, m->method) != 0 || !xf_sockaddr_eq(&a->to, &d->to) ||
		    a->life != sim->control_deaths || sim_now(sim) - a->at_ns > 30 * NS_PER_S)
			continue;
		if (strcmp(a->m->to_tag, m->to_tag) != 0)
			judge_fail(sim, "one-answer", "two To tags, %s and %s: %.200s", a->m->to_tag, m->to_tag,
				   m->text);
		if (a->m->status >= 200 && a->m->status != m->status)
			judge_fail(sim, "one-answer", "%d after %d: %.200s", m->status, a->m->status, m->text);
		if (a->m->status >= 200)
			return;
	}
	struct judge_answer *a = sim_alloc(sim, sizeof(*a));
	*a = (struct judge_answer){*head, m, d->to, sim_now(sim), sim->control_deaths};
	*head = a;
}

/* CSeq grows with each request of a dialog that is no repetition (RFC 3261 12.2.1.1). */
static void judge_request(struct sim *sim, const struct datagram *d, const struct message *m)
{
	struct judge_answer **head = &sim->judge->requests;
	/* A first copy that found no neighbour nobody has seen. */
	if (message_is(m, "ACK") || message_is(m, "CANCEL") || sim->deaf[d->network])
		return;
	for (const struct judge_answer *a = *head; a; a = a->next)
		if (strcmp(a->m->branch, m->branch) == 0)
			return; /* repeated */
	for (const struct judge_answer *a = *head; a; a = a->next) {
		if (strcmp(a->m->call_id, m->call_id) != 0)
			continue;
		if (a->m->cseq >= m->cseq && strcmp(a->m->to_tag, m->to_tag) == 0 &&
		    strcmp(a->m->from_tag, m->from_tag) == 0)
			judge_fail(sim, "cseq", "CSeq %u after %u: %.200s", m->cseq, a->m->cseq, m->text);
	}
	struct judge_answer *a = sim_alloc(sim, sizeof(*a));
	*a = (struct judge_answer){*head, m, d->to, sim_now(sim), sim->control_deaths};
	*head = a;
}

void judge_message(struct sim *sim, const struct datagram *d, const struct message *m, struct judge_leg *leg)
{
	judge_address(sim, d, m);
	judge_topology(sim, d, m);
	if (leg && leg->kind == JUDGE_CALLER && d->network == SIM_CARRIER)
		judge_topology_caller(sim, m);
	judge_caller_id(sim, d, m);
	if (m->request)
		judge_request(sim, d, m);
	else
		judge_answer(sim, d, m);
}
