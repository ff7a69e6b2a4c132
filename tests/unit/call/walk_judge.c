/* What must hold of everything that leaves the gateway, whatever it was told. */
#include "walk.h"

#include <stdarg.h>

void walk_wrong(struct walk *walk, const char *format, ...)
{
	va_list args;
	if (*walk->wrong)
		return;
	va_start(args, format);
	vsnprintf(walk->wrong, sizeof(walk->wrong), format, args);
	va_end(args);
}

/* Nobody is spoken to that no peer named, or that a peer had no right to name. */
static void judge_address(struct walk *walk, const struct sent *s)
{
	static const char *const named[] = {"192.0.2.20",    "192.0.2.10",   "192.0.2.200", "198.51.100.10",
					    "198.51.100.77", "203.0.113.10", "203.0.113.77"};
	char shown[XF_ADDR_STRLEN];
	xf_addr_format(&s->to.addr, shown);
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (strcmp(named[i], shown) == 0)
			return;
	walk_wrong(walk, "sent to %s: %.300s", shown, s->text);
}

static void judge_topology(struct walk *walk, const struct sent *s)
{
	static const char *const hidden[3][3] = {
	    {"198.51.100.", "203.0.113.", "agent.lab"},
	    {"192.0.2.", "203.0.113.", "secret"},
	    {"192.0.2.", "198.51.100.", "secret"},
	};
	for (unsigned i = 0; i < 3; i++)
		if (strstr(s->text, hidden[s->network][i]))
			walk_wrong(walk, "to network %u goes '%s': %.400s", s->network, hidden[s->network][i], s->text);
}

static bool same_request(const struct sip_message *a, const struct sip_message *b)
{
	return !a->request && !b->request && a->method == b->method && a->cseq == b->cseq &&
	       strcmp(a->via[0].text, b->via[0].text) == 0 && strcmp(a->call_id, b->call_id) == 0;
}

/* Of a message that was damaged on its way, before anybody looks which transaction it is of. */
static bool is_of_no_transaction(const struct sip_message *m)
{
	return m->status == 400 || m->status == 416 || m->status == 482 || m->status == 483 || m->status == 505;
}

/* All answers to a request have one tag, and it has one final answer. */
static void judge_answer(struct walk *walk, const struct sent *s)
{
	const struct sip_message *m = s->message;
	for (unsigned i = 0; m->status > 100 && m->method != SIP_CANCEL && !is_of_no_transaction(m) &&
			     i < (unsigned)(s - walk->net->sent);
	     i++) {
		const struct sip_message *before = walk->net->sent[i].message;
		if (!same_request(before, m) || before->status == 100 || is_of_no_transaction(before) ||
		    !xf_sockaddr_eq(&walk->net->sent[i].to, &s->to))
			continue;
		if (s->at_ns - walk->net->sent[i].at_ns > 30 * NS_PER_S)
			return; /* what is said again after 64·T1 is new */
		if (strcmp(before->to.tag, m->to.tag) != 0)
			walk_wrong(walk, "two tags: %.200s", s->text);
		if (before->status >= 200 && before->status != m->status)
			walk_wrong(walk, "%d after %d: %.200s", m->status, before->status, s->text);
	}
}

static void judge_accepted(struct walk *walk, const struct sent *s)
{
	const struct sip_message *m = s->message;
	if (m->method != SIP_REFER || m->status / 100 != 2 || sip_message_header(m, "Refer-Sub", NULL))
		return;
	for (const struct sent *before = walk->net->sent; before < s; before++)
		if (same_request(before->message, m) && before->message->status / 100 == 2)
			return; /* repeated */
	walk->referred++;
}

static void judge_request(struct walk *walk, const struct sent *s)
{
	const struct sip_message *m = s->message;
	const char *state = sip_message_header(m, "Subscription-State", NULL);
	for (unsigned i = 0; i < (unsigned)(s - walk->net->sent); i++) {
		const struct sip_message *before = walk->net->sent[i].message;
		if (!before->request || strcmp(before->call_id, m->call_id) != 0 || m->method == SIP_ACK ||
		    m->method == SIP_CANCEL || before->method == SIP_ACK || before->method == SIP_CANCEL)
			continue;
		if (strcmp(before->via[0].branch, m->via[0].branch) == 0)
			return; /* repeated */
		if (before->cseq >= m->cseq && strcmp(before->to.tag, m->to.tag) == 0 &&
		    strcmp(before->from.tag, m->from.tag) == 0)
			walk_wrong(walk, "CSeq %u after %u: %.200s", m->cseq, before->cseq, s->text);
	}
	if (m->method == SIP_NOTIFY && state && strncmp(state, "terminated", 10) == 0)
		walk->reported++;
}

void walk_judge(struct walk *walk)
{
	struct net *net = walk->net;
	for (; walk->seen < net->sent_count; walk->seen++) {
		const struct sent *s = &net->sent[walk->seen];
		judge_address(walk, s);
		judge_topology(walk, s);
		if (s->message->request) {
			judge_request(walk, s);
			continue;
		}
		judge_answer(walk, s);
		judge_accepted(walk, s);
	}
	if (net->impossible)
		walk_wrong(walk, "event=impossible");
}

void walk_judge_end(struct walk *walk)
{
	struct sip_counts sip;
	struct media_counts media;
	struct shard_counts counts = net_counts(walk->net);
	sip_stack_counts(shard_sip(plane_shard(walk->net->plane)), &sip);
	media_counts(plane_media(walk->net->plane), &media);
	if (counts.calls || counts.legs || counts.transfers)
		walk_wrong(walk, "%u calls, %u legs, %u transfers left", counts.calls, counts.legs, counts.transfers);
	if (sip.transactions)
		walk_wrong(walk, "%u transactions left", sip.transactions);
	if (media.endpoints || media.ports_used || media.admitted || media.commands_pending)
		walk_wrong(walk, "%u endpoints, %u ports, %u admitted addresses, %u commands left", media.endpoints,
			   media.ports_used, media.admitted, media.commands_pending);
	if (fake_open_count(&walk->net->dp))
		walk_wrong(walk, "%u endpoints open in the dataplane", fake_open_count(&walk->net->dp));
	if (walk->net->dp.violations)
		walk_wrong(walk, "the dataplane was told %u things that break its rules", walk->net->dp.violations);
	if (plane_deadline(walk->net->plane) != UINT64_MAX)
		walk_wrong(walk, "a timer is left");
	if (walk->referred != walk->reported)
		walk_wrong(walk, "%u REFERs were accepted, %u final NOTIFYs sent", walk->referred, walk->reported);
}
