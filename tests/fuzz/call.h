/* A control plane with one call, for targets that ask something of it: made once, and made anew from its own end. */
#pragma once

#include "../unit/call/net.h"
#include "fuzz.h"

struct fuzz_call {
	struct net *net;
	struct phone caller, agent;
};

/* Caller and agent talk. */
void fuzz_call_start(struct fuzz_call *call);
/* The caller hangs up if there is a call; nothing may be left. And begins again. */
void fuzz_call_restart(struct fuzz_call *call);
/* Holds a word that net.c watches the log for; libFuzzer finds them, and an input that says them proves nothing. */
bool fuzz_call_is_watched(const void *data, size_t len);
