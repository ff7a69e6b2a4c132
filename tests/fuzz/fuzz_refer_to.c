/* A Refer-To value in a REFER of an agent in a call, or a destination that an operator typed (first byte odd). Whatever
 * is accepted goes where policy lets this agent send calls, and our INVITE to it says what we say to anybody: nothing
 * that was embedded in the URI gets through. What is refused sends nothing to anybody. */
#include <ctype.h>
#include <strings.h>
#include "call.h"
#include "policy/refer_to.h"

#define NAMES_MAX 40

static struct fuzz_call call;
static struct net *net;
static unsigned runs;
static bool began;		  /* a transfer, perhaps ended already */
static char names[NAMES_MAX][32]; /* of the header lines of an INVITE of ours */
static unsigned name_count;

static void end(void)
{
	fuzz_call_restart(&call);
	runs = 0;
}

static bool is_known(const char *name)
{
	for (unsigned i = 0; i < name_count; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

/* Before anything is looked up: where the transfer of this call, if there is one, is to go. */
static void judge_attempts(bool by_operator)
{
	const struct shard *shard = plane_shard(net->plane);
	const struct call *present = shard_next_call(shard, NULL);
	const struct transfer *t = shard_next_transfer(shard, NULL);
	while (t && t->call != present->id) /* those of calls before it are kept to be shown */
		t = shard_next_transfer(shard, t);
	for (unsigned i = 0; t && i < t->attempt_count; i++) {
		const struct transfer_attempt *a = &t->attempts[i];
		struct sip_uri uri = {0};
		if (a->type == CONFIG_TARGET_NUMBER)
			fuzz_check(strncmp(a->destination, by_operator ? "+" : "+1202", by_operator ? 1 : 5) == 0 &&
				       strcmp(a->caller_id, "+12025550100") == 0,
				   "%s as %s", a->destination, a->caller_id);
		if (a->type != CONFIG_TARGET_SIP)
			continue;
		fuzz_check(sip_uri_parse(&uri, a->destination, strlen(a->destination)) == 0, "%s", a->destination);
		size_t len = strlen(uri.host);
		if (len && uri.host[len - 1] == '.')
			uri.host[len - 1] = 0;
		fuzz_check(by_operator || strcmp(uri.host, "pbx.lab") == 0 || strcmp(uri.host, "sneaky.lab") == 0,
			   "%s is not in the agent's domains", a->destination);
	}
}

static void refer(const char *value)
{
	char extra[2048];
	snprintf(extra, sizeof(extra), "Refer-To: %s\r\n", value);
	net->mute_resolver = true;
	phone_request(&call.agent, "REFER", extra, NULL);
	judge_attempts(false);
	net->mute_resolver = false;
	net_pass(net, 20);
}

/* What an INVITE to a number and one to a SIP target consist of, before anybody has tried anything. */
static void learn(const char *value)
{
	unsigned first = net->sent_count;
	refer(value);
	for (unsigned i = first; i < net->sent_count; i++) {
		const struct sip_message *m = net->sent[i].message;
		for (unsigned k = 0; m->request && m->method == SIP_INVITE && k < m->header_count; k++) {
			if (is_known(m->headers[k].name))
				continue;
			fuzz_check(name_count < NAMES_MAX);
			snprintf(names[name_count++], sizeof(names[0]), "%s", m->headers[k].name);
		}
	}
	fuzz_check(name_count > 8, "nothing was learned from %s", value);
	end();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fuzz_call_start(&call);
	net = call.net;
	learn("<sip:+12025550143@agent.lab>");
	learn("<sip:x@pbx.lab>");
	fuzz_check(!is_known("Replaces") && !is_known("Referred-By") && !is_known("Subject"));
	return 0;
}

static bool is_number(const char *user, const char *prefix)
{
	return strncmp(user, prefix, strlen(prefix)) == 0 && strspn(user + 1, "0123456789") == strlen(user) - 1;
}

/* By the configuration of tests/unit/call/net.c: numbers below +1202 over the carrier, and pbx.lab; plans "sales" and
 * "straight" lead to the same two. */
static void invite(const struct sent *s, bool by_operator)
{
	const struct sip_message *m = s->message;
	char to[XF_ADDR_STRLEN];
	xf_addr_format(&s->to.addr, to);
	for (unsigned k = 0; k < m->header_count; k++)
		fuzz_check(is_known(m->headers[k].name), "%s: %s", m->headers[k].name, m->headers[k].value);
	const char *at = strrchr(m->ruri_text, '@');
	const char *behind = at ? at : m->ruri_text; /* a user part may hold "?" and ";" */
	fuzz_check(!strchr(behind, '?') && m->ruri.scheme == SIP_SCHEME_SIP, "%s", m->ruri_text);
	fuzz_check(m->contact_count == 1 && m->route_count == 0 && m->record_route_count == 0 && m->via_count == 1);
	if (strcmp(to, "192.0.2.10") == 0) {
		fuzz_check(strcmp(m->ruri.host, "edge.carrier.lab") == 0, "%s", m->ruri_text);
		fuzz_check(is_number(m->ruri.user, by_operator ? "+" : "+1202"), "%s", m->ruri_text);
		fuzz_check(strcmp(m->from.uri.user, "+12025550100") == 0, "caller ID %s", m->from.text);
		return;
	}
	/* Where else an operator calls is its own affair, but it is no provider. */
	if (by_operator) {
		fuzz_check(strncmp(to, "192.0.2.", 8) != 0 || s->to.addr.bytes[3] > 127, "an INVITE to %s: %s", to,
			   m->ruri_text);
		return;
	}
	fuzz_check(strcmp(to, "203.0.113.10") == 0, "an INVITE to %s: %s", to, m->ruri_text);
	fuzz_check(strcmp(m->ruri.host, "pbx.lab") == 0 || strcmp(m->ruri.host, "pbx.lab.") == 0, "%s", m->ruri_text);
	/* User, host and port; a parameter at most for the transport that is spoken here. */
	const char *semicolon = strchr(behind, ';');
	fuzz_check(!semicolon || strcasecmp(semicolon, ";transport=udp") == 0, "%s", m->ruri_text);
}

/* What went out since then. Returns whether a target was called. */
static bool sent_since(unsigned first, bool by_operator)
{
	bool called = false;
	for (unsigned i = first; i < net->sent_count; i++) {
		const struct sent *s = &net->sent[i];
		char to[XF_ADDR_STRLEN];
		xf_addr_format(&s->to.addr, to);
		if (strcmp(to, call.agent.address) == 0)
			continue;
		if (s->message->request && s->message->method == SIP_INVITE && strcmp(to, call.caller.address) != 0) {
			invite(s, by_operator);
			called = true;
		}
	}
	return called;
}

static unsigned answers(unsigned first, int *status)
{
	unsigned n = 0;
	for (unsigned i = first; i < net->sent_count; i++)
		if (!net->sent[i].message->request && net->sent[i].message->method == SIP_REFER) {
			*status = net->sent[i].message->status;
			n++;
		}
	return n;
}

static void by_refer(const char *value)
{
	unsigned first = net->sent_count, calls = net_counts(net).transfers;
	int status = 0;
	refer(value);
	unsigned n = answers(first, &status);
	/* A message that cannot be read at all may get none; else it gets one. */
	fuzz_check(n <= 1 && (n == 0 || status == 202 || (status >= 400 && status < 500)), "%u answers, %d", n, status);
	bool called = sent_since(first, false);
	began = status == 202;
	fuzz_check(!called || status == 202, "called, and said %d", status);
	fuzz_check(status == 202 || net_counts(net).transfers == calls, "refused with %d, and a transfer began",
		   status);
}

static void by_operator(const char *text)
{
	struct destination to = {0};
	struct verdict verdict = {0};
	bool ok = refer_to_read_text(&to, net->config, 0, text, &verdict);
	fuzz_check(ok || (verdict.sip_code >= 400 && verdict.reason[0]));
	if (!ok)
		return;
	fuzz_check(to.kind == DESTINATION_NUMBER || to.kind == DESTINATION_SIP || to.kind == DESTINATION_PLAN);
	if (to.kind == DESTINATION_SIP) {
		char uri[SIP_URI_MAX * 2], user[SIP_USER_MAX * 3], host[SIP_HOST_MAX + 2];
		struct sip_uri read;
		int n = snprintf(uri, sizeof(uri), "sip:%s%s%s", sip_user_escape(user, sizeof(user), to.user),
				 to.user[0] ? "@" : "", sip_host_format(host, sizeof(host), to.host));
		fuzz_check(sip_uri_parse(&read, uri, (size_t)n) == 0, "'%s' is called, and is no URI", uri);
		fuzz_check(strcasecmp(read.host, to.host) == 0 && strcmp(read.user, to.user) == 0, "'%s'", uri);
	}
	fuzz_check(to.kind != DESTINATION_NUMBER || to.number[0]);
	fuzz_check(to.kind != DESTINATION_PLAN || to.plan < net->config->plan_count);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == '"' || *p == '\\' || (unsigned char)*p >= 0x7f)
			return;
	char line[2048];
	unsigned first = net->sent_count;
	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"%s\",\"to\":\"%s\"}}",
		 shard_next_call(plane_shard(net->plane), NULL)->text_id, text);
	began = true;
	net->mute_resolver = true;
	fuzz_check(net_rpc(net, line));
	judge_attempts(true);
	net->mute_resolver = false;
	net_pass(net, 20);
	sent_since(first, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1 || len > 1024)
		return 0;
	struct shard_counts before = net_counts(net);
	began = false;
	char *value = fuzz_text(data + 1, len - 1);
	if (value && !strpbrk(value, "\r\n") && !fuzz_call_is_watched(value, len - 1)) {
		if (data[0] & 1)
			by_operator(value);
		else
			by_refer(value);
		struct shard_counts after = net_counts(net);
		if (began || before.transfers != after.transfers || before.legs != after.legs ||
		    before.calls != after.calls)
			end();
		else if (++runs > 200)
			end();
	}
	free(value);
	return 0;
}
