/* Addresses outside the source table that the dataplane lets through while we have business with them.
 *
 * Counted by address. After the last release an address lingers for 64·T1, in which the peer may still retransmit
 * (RFC 3261 17), and is withdrawn then. The table outlives the link and is brought over at each connection. One thread.
 */
#pragma once

#include "core/env.h"
#include "media/link_client.h"
#include "xfergate/source.h"

struct admission;

/* `admitted` as in media_user. The client is used to send, never freed. linger_ns: 64·T1. 0 or -ENOMEM. */
int admission_create(struct admission **out, struct env *env, struct link_client *client, uint64_t linger_ns,
		     void (*admitted)(void *arg, uint64_t waiter, int result), void *arg);
/* Calls nobody. */
void admission_destroy(struct admission *admission);

/* As media_admit_address, for addresses that the source table does not hold. `ready`: commands may be sent. */
int admission_admit(struct admission *admission, const struct xf_addr *addr, uint64_t waiter, bool ready);
void admission_release(struct admission *admission, const struct xf_addr *addr);

/* Held and not refused, or lingering after the last release. */
bool admission_holds(struct admission *admission, const struct xf_addr *addr);

/* After a greeting: tells the dataplane all that it should know. fresh: it is another life of it, which knows nothing.
 */
void admission_replay(struct admission *admission, bool fresh);
/* The answer to an ADMIT or WITHDRAW. */
void admission_answered(struct admission *admission, const struct link_command *command, uint32_t sequence, int result);

/* Held or lingering. */
uint32_t admission_count(const struct admission *admission);
