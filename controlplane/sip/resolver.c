#include "sip/resolver.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOLVER_LIMIT_NS (5 * NS_PER_S)

/* One question, in a list of its resolver. */
struct question {
	struct question *next;
	struct resolver *resolver;
	uint64_t query, owner;
	uint16_t port;
	struct timer timer;
	bool asking;				      /* the seam is being asked, and may answer before it returns */
	bool literal;				      /* a numeric host: nothing was asked */
	struct xf_sockaddr addrs[RESOLVER_ADDRS_MAX]; /* for the timer to tell */
	unsigned count;
	char why[96];
};

struct resolver {
	struct env *env;
	resolver_done done;
	void *arg;
	struct question *questions;
	uint32_t pending;
	uint64_t last_query;
};

int resolver_create(struct resolver **out, struct env *env, resolver_done done, void *arg)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (!resolver)
		return -ENOMEM;
	*resolver = (struct resolver){.env = env, .done = done, .arg = arg};
	*out = resolver;
	return 0;
}

/* Takes it out of the list and frees it. */
static void question_end(struct question *question)
{
	struct resolver *resolver = question->resolver;
	struct question **place = &resolver->questions;
	while (*place != question)
		place = &(*place)->next;
	*place = question->next;
	resolver->pending--;
	timer_stop(&resolver->env->timers, &question->timer);
	free(question);
}

void resolver_destroy(struct resolver *resolver)
{
	if (!resolver)
		return;
	while (resolver->questions)
		question_end(resolver->questions);
	free(resolver);
}

/* An answer that was there at once, or the end of waiting. */
static void question_expired(void *arg, struct timer *timer)
{
	struct question *question = arg;
	struct resolver *resolver = question->resolver;
	struct question last = *question;
	question_end(question);
	resolver->done(resolver->arg, last.owner, last.addrs, last.count, last.why);
}

int resolver_ask(struct resolver *resolver, uint64_t owner, const struct sip_uri *uri)
{
	struct env *env = resolver->env;
	if (uri->scheme != SIP_SCHEME_SIP || (uri->transport[0] && strcmp(uri->transport, "udp") != 0))
		return -ENOTSUP;
	if (!uri->host[0])
		return -EINVAL;
	if (resolver->pending >= RESOLVER_QUERIES_MAX)
		return -EBUSY;
	struct question *question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	*question = (struct question){
	    .next = resolver->questions,
	    .resolver = resolver,
	    .query = ++resolver->last_query,
	    .owner = owner,
	    .port = uri->port ? uri->port : 5060,
	    .timer = {.expired = question_expired, .arg = question},
	    .why = "no answer to the name's query in 5 s",
	};
	question->addrs[0].port = question->port;
	if (xf_addr_parse(&question->addrs[0].addr, uri->host) == 0) {
		question->literal = true;
		question->count = 1;
		question->why[0] = 0;
	}
	if (timer_set(&env->timers, &question->timer, env->now_ns + (question->literal ? 0 : RESOLVER_LIMIT_NS)) < 0) {
		free(question);
		return -ENOMEM;
	}
	resolver->questions = question;
	resolver->pending++;
	if (!question->literal) {
		question->asking = true;
		env->seam->resolve(env->seam->arg, question->query, uri->host);
		question->asking = false;
	}
	return 0;
}

void resolver_forget(struct resolver *resolver, uint64_t owner)
{
	for (struct question *question = resolver->questions, *next; question; question = next) {
		next = question->next;
		if (question->owner == owner)
			question_end(question);
	}
}

/* IPv4 first; each address once; those that nothing can be sent to are left out. */
static unsigned answer_sort(struct xf_sockaddr *out, const struct xf_addr *addrs, unsigned count, uint16_t port)
{
	unsigned n = 0;
	for (int family = 4; family <= 6; family += 2) {
		for (unsigned i = 0; i < count && n < RESOLVER_ADDRS_MAX; i++) {
			unsigned j = 0;
			while (j < n && !xf_addr_eq(&out[j].addr, &addrs[i]))
				j++;
			if (addrs[i].family == family && j == n)
				out[n++] = (struct xf_sockaddr){.addr = addrs[i], .port = port};
		}
	}
	return n;
}

void resolver_answered(struct resolver *resolver, uint64_t query, const struct xf_addr *addrs, unsigned count,
		       const char *why)
{
	struct question *question = resolver->questions;
	while (question && (question->query != query || question->literal || question->count))
		question = question->next;
	if (!question)
		return; /* given up, forgotten or answered meanwhile */
	question->count = answer_sort(question->addrs, addrs, count, question->port);
	snprintf(question->why, sizeof(question->why), "%s",
		 question->count ? ""
		 : why && why[0] ? why
				 : "the name has no address");
	if (question->asking) /* the timer is set, so moving it cannot fail */
		timer_set(&resolver->env->timers, &question->timer, resolver->env->now_ns);
	else
		question_expired(question, NULL);
}

uint32_t resolver_pending(const struct resolver *resolver)
{
	return resolver->pending;
}
