#include "call.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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

/* The text as it may stand in the log: escapes undone, capitals made small. */
static size_t as_logged(char *to, const char *data, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char hex[3] = {0};
		if (data[i] == '%' && i + 2 < len && isxdigit((unsigned char)data[i + 1]) &&
		    isxdigit((unsigned char)data[i + 2])) {
			memcpy(hex, data + i + 1, 2);
			to[n++] = (char)tolower((int)strtoul(hex, NULL, 16));
			i += 2;
		} else {
			to[n++] = (char)tolower((unsigned char)data[i]);
		}
	}
	return n;
}

bool fuzz_call_is_watched(const void *data, size_t len)
{
	static const char *const words[] = {"hunter2", "event=impossible"};
	char *text = malloc(len + 1);
	if (!text)
		abort();
	size_t n = as_logged(text, data, len);
	bool watched = false;
	for (unsigned i = 0; i < 2; i++)
		watched = watched || memmem(text, n, words[i], strlen(words[i]));
	free(text);
	return watched;
}
