/* The control plane in memory among a caller, an agent and a provider's edge, for the signalling benchmark.
 *
 * Everything happens in rounds: what waits for the plane is given to it, and only that is timed; then, untimed, the
 * parties and a dataplane in memory answer what it has sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

/* A SIP message as it was on the wire. */
struct exchange_message {
	char *text;
	size_t len;
	bool sent; /* by the plane; else received */
};

void exchange_create(struct exchange **out);
void exchange_destroy(struct exchange *exchange);

/* `calls` calls at once, from INVITE to nothing left, their transactions' timers included. transfer: the agent sends
 * REFER to a number, the edge asks for credentials once, and the caller hangs up when it talks with the target; else
 * the caller hangs up when it talks with the agent. Returns the processor time that the plane took for all of them, in
 * nanoseconds. Fails the benchmark if a call ends otherwise. */
uint64_t exchange_calls(struct exchange *exchange, unsigned calls, bool transfer);

/* From now on the messages are kept (true) or not. */
void exchange_record(struct exchange *exchange, bool on);
/* The kept ones; they live as long as the exchange. */
const struct exchange_message *exchange_recorded(const struct exchange *exchange, unsigned *count);
