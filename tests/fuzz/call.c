#include "call.h"

static void connect_again(struct fuzz_call *call)
{
	/* The same names in every call, so that one input does the same in each. */
	call->net->random = 88172645463325252ull;
	net_connect(call->net, &call->caller, &call->agent, "+12025550100");
}

void fuzz_call_start(struct fuzz_call *call)
{
	call->net = net_create();
	connect_again(call);
}

/* What was sent so far; the plane itself, with its configuration, costs much more to make. */
static void forget(struct net *net)
{
	for (unsigned i = 0; i < net->sent_count; i++) {
		sip_message_destroy(net->sent[i].message);
		free(net->sent[i].text);
	}
	memset(net->sent, 0, net->sent_count * sizeof(net->sent[0]));
	net->sent_count = 0;
}

void fuzz_call_restart(struct fuzz_call *call)
{
	net_pass(call->net, 120000);
	if (net_counts(call->net).calls)
		phone_request(&call->caller, "BYE", NULL, NULL);
	net_expect_nothing_left(call->net);
	fuzz_check(call->net->impossible == 0);
	forget(call->net);
	connect_again(call);
}

bool fuzz_call_is_watched(const void *data, size_t len)
{
	static const char *const words[] = {"hunter2", "event=impossible"};
	for (unsigned i = 0; i < 2; i++)
		if (memmem(data, len, words[i], strlen(words[i])))
			return true;
	return false;
}
