#include "media/admission.h"

#include <sys/queue.h>

#define BUCKETS 4096

enum admitted_state {
	ADMITTED_ASKED,	    /* ADMIT is on its way */
	ADMITTED_YES,	    /* and acknowledged */
	ADMITTED_FAILED,    /* refused, or not asked yet */
	ADMITTED_UNSURE,    /* the link went down before the answer */
	ADMITTED_WITHDRAWN, /* nobody holds it; the dataplane was told, or will be at the next connection */
};

struct waiter {
	STAILQ_ENTRY(waiter) link;
	uint64_t waiter;
};

STAILQ_HEAD(waiters, waiter);

struct admitted {
	LIST_ENTRY(admitted) bucket;
	TAILQ_ENTRY(admitted) all;
	struct admission *admission;
	struct xf_addr addr;
	uint32_t refs;
	uint32_t sequence;	/* of the last command about it, 0: answered; answers to earlier ones are history */
	uint8_t state;		/* enum admitted_state */
	struct waiters waiters; /* ASKED: who asked */
	struct timer linger;	/* set while refs is 0 and it is not WITHDRAWN */
};

struct admission {
	struct env *env;
	struct link_client *client;
	uint64_t linger_ns;
	void (*admitted)(void *arg, uint64_t waiter, int result);
	void *arg;
	uint64_t hash_key; /* addresses come from outside: nobody may choose the bucket */
	uint32_t count, withdrawn;
	LIST_HEAD(, admitted) buckets[BUCKETS];
	TAILQ_HEAD(, admitted) all;
};

static unsigned admitted_bucket(const struct admission *admission, const struct xf_addr *addr)
{
	uint64_t half[2], h = admission->hash_key;
	memcpy(half, addr->bytes, sizeof(half));
	for (unsigned i = 0; i < 2; i++) {
		h = (h ^ half[i]) * 0xbf58476d1ce4e5b9ull;
		h ^= h >> 29;
		h *= admission->hash_key | 1;
		h ^= h >> 32;
	}
	return (unsigned)(h % BUCKETS);
}

static struct admitted *admitted_find(struct admission *admission, const struct xf_addr *addr)
{
	struct admitted *a;
	LIST_FOREACH(a, &admission->buckets[admitted_bucket(admission, addr)], bucket)
	if (xf_addr_eq(&a->addr, addr))
		return a;
	return NULL;
}

int admission_create(struct admission **out, struct env *env, struct link_client *client, uint64_t linger_ns,
		     void (*admitted)(void *arg, uint64_t waiter, int result), void *arg)
{
	struct admission *admission = calloc(1, sizeof(*admission));
	if (!admission)
		return -ENOMEM;
	admission->env = env;
	admission->client = client;
	admission->linger_ns = linger_ns;
	admission->admitted = admitted;
	admission->arg = arg;
	admission->hash_key = env_random64(env);
	for (unsigned i = 0; i < BUCKETS; i++)
		LIST_INIT(&admission->buckets[i]);
	TAILQ_INIT(&admission->all);
	*out = admission;
	return 0;
}

static void waiters_free(struct waiters *waiters)
{
	struct waiter *w;
	while ((w = STAILQ_FIRST(waiters))) {
		STAILQ_REMOVE_HEAD(waiters, link);
		free(w);
	}
}

static void admitted_set(struct admitted *a, enum admitted_state state)
{
	struct admission *admission = a->admission;
	admission->withdrawn += (uint32_t)(state == ADMITTED_WITHDRAWN);
	admission->withdrawn -= (uint32_t)(a->state == ADMITTED_WITHDRAWN);
	a->state = (uint8_t)state;
}

static void admitted_free(struct admitted *a)
{
	struct admission *admission = a->admission;
	timer_stop(&admission->env->timers, &a->linger);
	waiters_free(&a->waiters);
	LIST_REMOVE(a, bucket);
	TAILQ_REMOVE(&admission->all, a, all);
	admission->count--;
	admission->withdrawn -= (uint32_t)(a->state == ADMITTED_WITHDRAWN);
	free(a);
}

void admission_destroy(struct admission *admission)
{
	if (!admission)
		return;
	while (!TAILQ_EMPTY(&admission->all))
		admitted_free(TAILQ_FIRST(&admission->all));
	free(admission);
}

static int admitted_tell(struct admitted *a, uint16_t type)
{
	struct xf_link_admit body = {.addr = a->addr};
	struct link_command command = {.type = type, .addr = a->addr};
	return link_client_send(a->admission->client, &command, &body, sizeof(body), &a->sequence);
}

static void admitted_withdraw(struct admitted *a)
{
	timer_stop(&a->admission->env->timers, &a->linger);
	if (a->state == ADMITTED_FAILED) {
		admitted_free(a);
		return;
	}
	admitted_set(a, ADMITTED_WITHDRAWN);
	a->sequence = 0;
	admitted_tell(a, XF_LINK_WITHDRAW); /* while the link is down: admission_replay does it */
}

static void linger_expired(void *arg, struct timer *timer)
{
	admitted_withdraw(arg);
}

static struct admitted *admitted_create(struct admission *admission, const struct xf_addr *addr)
{
	struct admitted *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->admission = admission;
	a->addr = *addr;
	a->state = ADMITTED_FAILED;
	a->linger = (struct timer){.expired = linger_expired, .arg = a};
	STAILQ_INIT(&a->waiters);
	LIST_INSERT_HEAD(&admission->buckets[admitted_bucket(admission, addr)], a, bucket);
	TAILQ_INSERT_TAIL(&admission->all, a, all);
	admission->count++;
	return a;
}

static int admitted_wait(struct admitted *a, uint64_t waiter)
{
	struct waiter *w = malloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	if (a->state != ADMITTED_ASKED) {
		int result = admitted_tell(a, XF_LINK_ADMIT);
		if (result < 0) {
			free(w);
			return result;
		}
		admitted_set(a, ADMITTED_ASKED);
	}
	w->waiter = waiter;
	STAILQ_INSERT_TAIL(&a->waiters, w, link);
	return -EINPROGRESS;
}

int admission_admit(struct admission *admission, const struct xf_addr *addr, uint64_t waiter, bool ready)
{
	struct admitted *a = admitted_find(admission, addr);
	int result = 0;
	if (!a || a->state != ADMITTED_YES) {
		if (!ready)
			return -ENOTCONN;
		if (!a && admission->count >= XF_MAX_ADMITTED)
			return -ENOSPC;
		if (!a && !(a = admitted_create(admission, addr)))
			return -ENOMEM;
		result = admitted_wait(a, waiter);
		if (result != -EINPROGRESS) {
			if (a->refs == 0 && a->state == ADMITTED_FAILED)
				admitted_free(a);
			return result;
		}
	}
	timer_stop(&admission->env->timers, &a->linger);
	a->refs++;
	return result;
}

void admission_release(struct admission *admission, const struct xf_addr *addr)
{
	struct admitted *a = admitted_find(admission, addr);
	if (!a || a->refs == 0 || --a->refs > 0)
		return;
	if (a->state == ADMITTED_FAILED) {
		admitted_free(a);
		return;
	}
	if (timer_set(&admission->env->timers, &a->linger, admission->env->now_ns + admission->linger_ns) < 0)
		admitted_withdraw(a);
}

void admission_answered(struct admission *admission, const struct link_command *command, uint32_t sequence, int result)
{
	struct admitted *a = admitted_find(admission, &command->addr);
	if (!a || a->sequence != sequence)
		return;
	a->sequence = 0;
	if (command->type == XF_LINK_WITHDRAW) {
		if (result != -ENOTCONN)
			admitted_free(a);
		return;
	}
	if (result == -EEXIST)
		result = 0;
	admitted_set(a, result == 0 ? ADMITTED_YES : result == -ENOTCONN ? ADMITTED_UNSURE : ADMITTED_FAILED);
	if (result < 0 && result != -ENOTCONN) {
		char text[XF_ADDR_STRLEN];
		log_event(admission->env, LOG_LEVEL_WARNING, "event=admission-refused addr=%s error=\"%s\"",
			  xf_addr_format(&a->addr, text), strerror(-result));
	}
	/* The callbacks may release, admit again, or free what they waited with: take the list off first. */
	struct waiters waiters = STAILQ_HEAD_INITIALIZER(waiters);
	STAILQ_CONCAT(&waiters, &a->waiters);
	struct waiter *w;
	while ((w = STAILQ_FIRST(&waiters))) {
		uint64_t waiter = w->waiter;
		STAILQ_REMOVE_HEAD(&waiters, link);
		free(w);
		admission->admitted(admission->arg, waiter, result);
	}
}

void admission_replay(struct admission *admission, bool fresh)
{
	struct admitted *a, *next;
	for (a = TAILQ_FIRST(&admission->all); a; a = next) {
		next = TAILQ_NEXT(a, all);
		if (a->state == ADMITTED_WITHDRAWN) {
			if (fresh)
				admitted_free(a);
			else
				admitted_tell(a, XF_LINK_WITHDRAW);
		} else if (admitted_tell(a, XF_LINK_ADMIT) == 0) {
			admitted_set(a, ADMITTED_ASKED);
		}
	}
}

uint32_t admission_count(const struct admission *admission)
{
	return admission->count - admission->withdrawn;
}

bool admission_holds(struct admission *admission, const struct xf_addr *addr)
{
	const struct admitted *a = admitted_find(admission, addr);
	return a && a->state != ADMITTED_WITHDRAWN && a->state != ADMITTED_FAILED;
}
