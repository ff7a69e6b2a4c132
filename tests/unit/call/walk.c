#include "walk.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char *const peers[] = {"192.0.2.20", "198.51.100.10", "192.0.2.10", "203.0.113.10"};

unsigned walk_random(struct walk *walk, unsigned below)
{
	walk->random ^= walk->random << 13;
	walk->random ^= walk->random >> 7;
	walk->random ^= walk->random << 17;
	return (unsigned)((walk->random >> 20) % below);
}

static bool chance(struct walk *walk, unsigned percent)
{
	return walk_random(walk, 100) < percent;
}

#define ONE_OF(walk, list) ((list)[walk_random((walk), sizeof(list) / sizeof(*(list)))])

void walk_init(struct walk *walk, uint64_t seed)
{
	*walk = (struct walk){.net = net_create(), .random = seed * 0x9e3779b97f4a7c15ull | 1};
	for (unsigned i = 0; i < 8; i++)
		walk_random(walk, 2);
}

void walk_fini(struct walk *walk)
{
	for (unsigned i = 0; i < WALK_SAID; i++)
		free(walk->said[i]);
	net_destroy(walk->net);
}

static void say(struct walk *walk, const char *from, const char *text)
{
	unsigned at = walk->said_count++ % WALK_SAID;
	free(walk->said[at]);
	walk->said[at] = strdup(text);
	walk->said_by[at] = from;
	net_say(walk->net, from, text);
}

/* ---- what a message is made of */

static const char *contact_of(struct walk *walk, const char *peer)
{
	static const char *const odd[] = {"sip:x@192.168.7.7", "sip:x@127.0.0.1",   "sip:x@224.0.0.5",
					  "tel:+12025550177",  "sip:x@nowhere.lab", "sip:x@0.0.0.0"};
	static char text[64];
	if (chance(walk, 5))
		return ONE_OF(walk, odd);
	const char *elsewhere = *peer == '2'			   ? "203.0.113.77"
				: peer[1] == '9' && peer[2] == '8' ? "198.51.100.77"
								   : "192.0.2.200";
	snprintf(text, sizeof(text), "sip:x@%s", chance(walk, 10) ? elsewhere : peer);
	return text;
}

static const char *sdp_of(struct walk *walk, const char *peer)
{
	static char text[512];
	static const char *const directions[] = {"sendrecv", "sendrecv", "sendonly", "recvonly", "inactive"};
	static const char *const formats[] = {"0 101", "0 101", "0 101", "0 8", "8 0 101", "0", "8", "18"};
	const char *address = chance(walk, 2) ? "0.0.0.0" : chance(walk, 2) ? "10.1.1.1" : peer;
	snprintf(text, sizeof(text),
		 "v=0\r\no=secret 1 1 IN IP4 %s\r\ns=secret\r\nc=IN IP4 %s\r\nt=0 0\r\n%sm=audio %u RTP/AVP %s\r\n"
		 "a=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
		 address, address, chance(walk, 10) ? "m=video 0 RTP/AVP 31\r\n" : "",
		 20000 + 2 * walk_random(walk, 1000), ONE_OF(walk, formats), ONE_OF(walk, directions));
	return chance(walk, 2) ? "v=0\r\nrubbish\r\n" : text;
}

static void request(struct walk *walk, struct walk_dialog *d, const char *method, unsigned cseq, unsigned branch,
		    const char *extra, const char *sdp)
{
	char text[4096], to_tag[160] = "";
	if (*d->remote_tag && strcmp(method, "CANCEL") != 0)
		snprintf(to_tag, sizeof(to_tag), ";tag=%s", d->remote_tag);
	snprintf(text, sizeof(text),
		 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKwalk%u\r\nMax-Forwards: %u\r\n"
		 "From: <%s>;tag=%s\r\nTo: <%s>%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <%s>\r\n%s%s"
		 "Content-Length: %zu\r\n\r\n%s",
		 method, d->target, d->peer, branch, 1 + walk_random(walk, 70), d->from, d->local_tag, d->to, to_tag,
		 d->call_id, cseq, method, contact_of(walk, d->peer), extra,
		 sdp ? "Content-Type: application/sdp\r\n" : "", sdp ? strlen(sdp) : 0, sdp ? sdp : "");
	say(walk, d->peer, text);
}

/* ---- who is in which dialog */

static struct walk_dialog *dialog_find(struct walk *walk, const char *call_id)
{
	for (unsigned i = 0; i < walk->dialog_count; i++)
		if (strcmp(walk->dialogs[i].call_id, call_id) == 0)
			return &walk->dialogs[i];
	return NULL;
}

static void learn(struct walk *walk, const struct sent *s)
{
	const struct sip_message *m = s->message;
	struct walk_dialog *d = dialog_find(walk, m->call_id);
	char shown[XF_ADDR_STRLEN];
	if (!m->request && d && *m->to.tag && m->contact.uri.text[0]) {
		snprintf(d->remote_tag, sizeof(d->remote_tag), "%s", m->to.tag);
		snprintf(d->target, sizeof(d->target), "%s", m->contact.uri.text);
	}
	if (!m->request && d && m->method == SIP_INVITE && m->status == 200) {
		d->ack_due = true;
		d->invite_cseq = m->cseq;
	}
	if (!m->request || m->method != SIP_INVITE || d || walk->dialog_count == WALK_DIALOGS)
		return;
	xf_addr_format(&s->to.addr, shown);
	d = &walk->dialogs[walk->dialog_count++];
	*d = (struct walk_dialog){.peer = peers[0], .cseq = walk_random(walk, 100)};
	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++)
		if (strcmp(peers[i], shown) == 0)
			d->peer = peers[i];
	snprintf(d->call_id, sizeof(d->call_id), "%s", m->call_id);
	snprintf(d->local_tag, sizeof(d->local_tag), "their0");
	snprintf(d->remote_tag, sizeof(d->remote_tag), "%s", m->from.tag);
	snprintf(d->from, sizeof(d->from), "%s", m->to.uri.text);
	snprintf(d->to, sizeof(d->to), "%s", m->from.uri.text);
	snprintf(d->target, sizeof(d->target), "%s", m->contact.uri.text);
}

static struct walk_dialog *any_dialog(struct walk *walk)
{
	if (!walk->dialog_count)
		return NULL;
	unsigned back = walk_random(walk, walk->dialog_count < 4 ? walk->dialog_count : 4);
	return chance(walk, 90) ? &walk->dialogs[walk->dialog_count - 1 - back]
				: &walk->dialogs[walk_random(walk, walk->dialog_count)];
}

/* ---- what happens */

static void new_call(struct walk *walk)
{
	static const char *const numbers[] = {"+12025550100", "+12025550100", "+12025550100", "+12025550100",
					      "+12025550199", "+12025550199", "+12025550111"};
	if (walk->dialog_count == WALK_DIALOGS)
		return;
	struct walk_dialog *d = &walk->dialogs[walk->dialog_count++];
	unsigned serial = ++walk->serial;
	*d = (struct walk_dialog){.peer = peers[0], .cseq = 1 + walk_random(walk, 50), .branch = serial};
	d->invite_cseq = d->cseq;
	snprintf(d->call_id, sizeof(d->call_id), "walk%u@secret", serial);
	snprintf(d->local_tag, sizeof(d->local_tag), "walk%u", serial);
	snprintf(d->from, sizeof(d->from), "sip:+12025550177@secret.example");
	snprintf(d->to, sizeof(d->to), "sip:%s@192.0.2.1", ONE_OF(walk, numbers));
	memcpy(d->target, d->to, sizeof(d->target));
	d->offered = chance(walk, 15);
	request(walk, d, "INVITE", d->cseq, serial, "", d->offered ? NULL : sdp_of(walk, d->peer));
}

static void answer(struct walk *walk)
{
	static const int statuses[] = {100, 180, 180, 183, 183, 199, 200, 200, 200, 200, 200, 200, 200, 200,
				       202, 302, 401, 407, 404, 408, 481, 486, 486, 487, 487, 500, 503, 603};
	struct net *net = walk->net;
	/* Mostly one of the last requests that came to a peer. */
	unsigned at = net->sent_count, back = chance(walk, 85) ? 1 + walk_random(walk, 4) : 1 + walk_random(walk, 60);
	while (at && back)
		if (net->sent[--at].message->request && net->sent[at].message->method != SIP_ACK)
			back--;
	if (back)
		return;
	const struct sip_message *m = net->sent[at].message;
	char text[8192], tag[32] = "", peer[XF_ADDR_STRLEN], challenge[192] = "";
	bool invite = m->method == SIP_INVITE;
	int status = !invite && chance(walk, 80) ? 200 : ONE_OF(walk, statuses);
	xf_addr_format(&net->sent[at].to.addr, peer);
	const char *from = strcmp(peer, "203.0.113.77") == 0 ? "203.0.113.77" : peer;
	const char *sdp = invite && (status == 183 || status == 200) && chance(walk, 92) ? sdp_of(walk, from) : NULL;
	if (!*m->to.tag && status > 100)
		snprintf(tag, sizeof(tag), ";tag=their%u", chance(walk, 90) ? 0 : 1);
	if (status == 401 || status == 407)
		snprintf(challenge, sizeof(challenge), "%s: Digest realm=\"%s\", nonce=\"n%u\", qop=\"auth\"%s\r\n",
			 status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate",
			 chance(walk, 50) ? "carrier.lab" : "pbx.lab", ++walk->serial,
			 chance(walk, 30) ? ", stale=true" : "");
	snprintf(text, sizeof(text),
		 "SIP/2.0 %d Words of %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		 "Contact: <%s>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		 status, from, m->via[0].text, m->from.text, m->to.text, tag, m->call_id, m->cseq, m->method_name,
		 contact_of(walk, from), challenge, sdp ? "Content-Type: application/sdp\r\n" : "",
		 sdp ? strlen(sdp) : 0, sdp ? sdp : "");
	const char *known = NULL;
	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++)
		if (strcmp(peers[i], from) == 0)
			known = peers[i];
	if (known)
		say(walk, known, text);
	else
		net_say(net, from, text);
}

/* The ACK to one of our 2xx, or to nothing. */
static void acknowledge(struct walk *walk)
{
	struct walk_dialog *d = any_dialog(walk);
	if (d)
		request(walk, d, "ACK", chance(walk, 90) && d->invite_cseq ? d->invite_cseq : d->cseq, ++walk->serial,
			"", chance(walk, 30) ? sdp_of(walk, d->peer) : NULL);
}

static void cancel(struct walk *walk)
{
	struct walk_dialog *d = any_dialog(walk);
	if (d && d->branch)
		request(walk, d, "CANCEL", d->invite_cseq, d->branch, "", NULL);
}

static void inside(struct walk *walk)
{
	static const char *const methods[] = {"BYE",	 "INVITE", "INVITE", "UPDATE",	  "REFER", "REFER",   "REFER",
					      "OPTIONS", "INFO",   "NOTIFY", "SUBSCRIBE", "PRACK", "MESSAGE", "FOO"};
	static const char *const refers[] = {"Refer-To: <tel:+12025550143>\r\n",
					     "Refer-To: <tel:+12025550143>\r\nRefer-Sub: false\r\n",
					     "Refer-To: <sip:plan-sales@198.51.100.1>\r\n",
					     "Refer-To: <sip:plan-sales@198.51.100.1>\r\n",
					     "Refer-To: <sip:reception@pbx.lab>\r\n",
					     "Refer-To: <sip:reception@pbx.lab;transport=tcp>\r\n",
					     "Refer-To: <tel:+442079460000>\r\n",
					     "",
					     "Require: nothing\r\nRefer-To: <tel:+12025550143>\r\n"};
	struct walk_dialog *d = any_dialog(walk);
	if (!d)
		return;
	bool agents = d->peer == peers[1] && chance(walk, 50);
	const char *method = agents ? "REFER" : ONE_OF(walk, methods);
	bool offers = strcmp(method, "INVITE") == 0 || strcmp(method, "UPDATE") == 0;
	unsigned cseq = chance(walk, 95) ? ++d->cseq : walk_random(walk, d->cseq + 1);
	const char *sdp = offers && chance(walk, 75) ? sdp_of(walk, d->peer) : NULL;
	d->offered = d->offered || (offers && !sdp);
	request(walk, d, method, cseq, ++walk->serial, strcmp(method, "REFER") == 0 ? ONE_OF(walk, refers) : "", sdp);
}

/* Said before, perhaps damaged on the way. */
static void again(struct walk *walk)
{
	unsigned kept = walk->said_count < WALK_SAID ? walk->said_count : WALK_SAID;
	if (!kept)
		return;
	unsigned at = walk_random(walk, kept);
	char *text = strdup(walk->said[at]);
	size_t len = strlen(text);
	bool counted = strncmp(text, "REFER", 5) == 0; /* by the judge, who reads no damaged answer */
	for (unsigned i = 0; !counted && chance(walk, 20) && i < 3; i++)
		text[walk_random(walk, (unsigned)len)] = (char)(1 + walk_random(walk, 255));
	if (!counted && chance(walk, 10))
		text[walk_random(walk, (unsigned)len)] = 0;
	walk->net->damaged = strcmp(text, walk->said[at]) != 0;
	net_say(walk->net, walk->said_by[at], text);
	walk->net->damaged = false;
	free(text);
}

static void the_link(struct walk *walk)
{
	struct net *net = walk->net;
	if (net->link) {
		net->link = false;
		plane_link_down(net->plane, net->now_ns);
		return;
	}
	if (chance(walk, 30))
		fake_restart(&net->dp);
	fake_connected(&net->dp);
	net->link = true;
	plane_link_up(net->plane, net->now_ns);
}

static void the_dataplane(struct walk *walk)
{
	static const uint16_t types[] = {XF_LINK_OPEN, XF_LINK_PATCH, XF_LINK_ADMIT, XF_LINK_UPDATE};
	static const enum xf_link_event_type events[] = {XF_EVENT_MEDIA_TIMEOUT, XF_EVENT_MEDIA_TIMEOUT,
							 XF_EVENT_WRONG_SOURCE, XF_EVENT_ARMED_LIMIT};
	struct net *net = walk->net;
	switch (walk_random(walk, 4)) {
	case 0:
		net->mute_dataplane = !net->mute_dataplane;
		return;
	case 1:
		net->dp.fail_type = ONE_OF(walk, types);
		net->dp.fail_result = -ENOSPC;
		return;
	default:
		for (uint32_t i = 0, skip = walk_random(walk, 3); i < net->dp.addr_count * XF_PORT_PAIRS; i++) {
			if (!net->dp.endpoint[i].open || skip--)
				continue;
			fake_event(&net->dp, (struct xf_endpoint_id){i, net->dp.endpoint[i].generation},
				   ONE_OF(walk, events));
			return;
		}
	}
}

static void the_operator(struct walk *walk)
{
	static const char *const targets[] = {"+12025550143", "sip:reception@pbx.lab", "sip:x@203.0.113.10", "rubbish"};
	struct shard *shard = (struct shard *)plane_shard(walk->net->plane);
	const struct call *call = shard_next_call(shard, NULL);
	uint64_t id;
	char why[256];
	if (call && chance(walk, 40))
		shard_hangup(shard, call->id, NULL);
	else if (call && chance(walk, 50))
		shard_transfer_start(shard, call->id, ONE_OF(walk, targets), NULL, NULL, &id, why, sizeof(why));
	else if (call)
		shard_transfer_start(shard, call->id, NULL, "sales", NULL, &id, why, sizeof(why));
}

void walk_step(struct walk *walk)
{
	static const struct {
		unsigned percent;
		void (*happens)(struct walk *walk);
	} steps[] = {{7, new_call}, {45, answer},  {10, acknowledge},  {3, cancel},	 {20, inside},
		     {6, again},    {2, the_link}, {5, the_dataplane}, {2, the_operator}};
	struct net *net = walk->net;
	unsigned seen = net->sent_count, at = walk_random(walk, 100);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (at < steps[i].percent) {
			steps[i].happens(walk);
			break;
		}
		at -= steps[i].percent;
	}
	for (unsigned i = 0; i < walk->dialog_count; i++) {
		struct walk_dialog *d = &walk->dialogs[i];
		if (!d->ack_due || !chance(walk, 70))
			continue;
		d->ack_due = false;
		request(walk, d, "ACK", d->invite_cseq, ++walk->serial, "",
			chance(walk, d->offered ? 90 : 5) ? sdp_of(walk, d->peer) : NULL);
	}
	if (chance(walk, net->mute_resolver ? 20 : 1))
		net->mute_resolver = !net->mute_resolver;
	if (net->mute_dataplane && chance(walk, 20))
		net->mute_dataplane = false;
	if (!net->link && chance(walk, 20))
		the_link(walk);
	net_pass(net, chance(walk, 60) ? 0 : chance(walk, 90) ? walk_random(walk, 300) : walk_random(walk, 12000));
	for (; seen < net->sent_count; seen++)
		learn(walk, &net->sent[seen]);
	walk_judge(walk);
}

void walk_end(struct walk *walk)
{
	struct net *net = walk->net;
	struct shard *shard = (struct shard *)plane_shard(net->plane);
	net->mute_dataplane = net->mute_resolver = false;
	net->dp.fail_type = 0;
	if (!net->link)
		the_link(walk);
	uint64_t calls[WALK_DIALOGS];
	unsigned count = 0;
	for (const struct call *call = NULL; (call = shard_next_call(shard, call)) && count < WALK_DIALOGS;)
		calls[count++] = call->id;
	if (chance(walk, 20))
		plane_stop(net->plane, net->now_ns);
	while (count--)
		shard_hangup(shard, calls[count], NULL);
	net_pass(net, 300000);
	walk_judge(walk);
	walk_judge_end(walk);
}
