#include "daemon/dns.h"

#include <ares.h>
#include <sys/queue.h>
#include "daemon/log.h"

#define DNS_TIMEOUT_MS 1500
#define DNS_TRIES      2

struct dns_socket {
	LIST_ENTRY(dns_socket) link;
	struct dns *dns;
	ares_socket_t fd;
	struct event *event;
};

struct dns_query {
	TAILQ_ENTRY(dns_query) link; /* of dns.answered, once it is */
	struct dns *dns;
	uint64_t query;
	struct xf_addr addr[DNS_ADDRS_MAX];
	unsigned count;
	const char *why;
};

struct dns {
	struct event_base *base;
	dns_handler handler;
	void *arg;
	ares_channel channel;
	struct event *timer;   /* c-ares' own retries */
	struct event *deliver; /* c-ares may answer inside the question: the asker hears of it later */
	bool closing;
	LIST_HEAD(, dns_socket) sockets;
	TAILQ_HEAD(, dns_query) answered;
};

static void dns_schedule(struct dns *dns)
{
	struct timeval tv, *next = ares_timeout(dns->channel, NULL, &tv);
	if (!next) {
		event_del(dns->timer);
		return;
	}
	/* c-ares cuts off to whole milliseconds: without one more the loop would spin through the last. */
	next->tv_usec += 1000;
	if (next->tv_usec >= 1000000) {
		next->tv_sec++;
		next->tv_usec -= 1000000;
	}
	event_add(dns->timer, next);
}

static void dns_expired(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	dns_schedule(dns);
}

static void dns_ready(evutil_socket_t fd, short what, void *arg)
{
	struct dns_socket *s = arg;
	struct dns *dns = s->dns; /* s may be gone after this */
	ares_process_fd(dns->channel, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	dns_schedule(dns);
}

/* c-ares says what it waits for on a socket; neither: the socket is about to be closed. */
static void dns_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = arg;
	struct dns_socket *s;
	LIST_FOREACH(s, &dns->sockets, link)
	if (s->fd == fd)
		break;
	if (s) {
		event_free(s->event);
		s->event = NULL;
	}
	if (!readable && !writable) {
		if (s) {
			LIST_REMOVE(s, link);
			free(s);
		}
		return;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return; /* the question times out */
		s->dns = dns;
		s->fd = fd;
		LIST_INSERT_HEAD(&dns->sockets, s, link);
	}
	s->event = event_new(dns->base, fd, (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0)),
			     dns_ready, s);
	if (s->event)
		event_add(s->event, NULL);
}

static void dns_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;
	struct dns_query *q;
	while ((q = TAILQ_FIRST(&dns->answered))) {
		TAILQ_REMOVE(&dns->answered, q, link);
		dns->handler(dns->arg, q->query, q->addr, q->count, q->count ? NULL : q->why);
		free(q);
	}
}

static void dns_answered(struct dns_query *q)
{
	struct timeval now = {0};
	TAILQ_INSERT_TAIL(&q->dns->answered, q, link);
	event_add(q->dns->deliver, &now);
}

static void query_add(struct dns_query *q, const struct ares_addrinfo_node *node)
{
	struct sockaddr_storage os = {0};
	struct xf_sockaddr found;
	if (node->ai_addrlen > sizeof(os) || q->count == DNS_ADDRS_MAX)
		return;
	memcpy(&os, node->ai_addr, node->ai_addrlen);
	if (xf_sockaddr_from_os(&found, &os) < 0)
		return;
	for (unsigned i = 0; i < q->count; i++)
		if (xf_addr_eq(&q->addr[i], &found.addr))
			return;
	q->addr[q->count++] = found.addr;
}

static void query_done(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dns_query *q = arg;
	if (q->dns->closing) {
		if (result)
			ares_freeaddrinfo(result);
		free(q);
		return;
	}
	if (status == ARES_SUCCESS)
		for (const struct ares_addrinfo_node *n = result->nodes; n; n = n->ai_next)
			query_add(q, n);
	if (result)
		ares_freeaddrinfo(result);
	q->why = status == ARES_SUCCESS ? "no address" : ares_strerror(status);
	dns_answered(q);
}

static int dns_start(struct dns *dns)
{
	char lookups[] = "fb";
	struct ares_options options = {
	    .timeout = DNS_TIMEOUT_MS,
	    .tries = DNS_TRIES,
	    .lookups = lookups,
	    .sock_state_cb = dns_socket_state,
	    .sock_state_cb_data = dns,
	};
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS) {
		status =
		    ares_init_options(&dns->channel, &options,
				      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
		if (status != ARES_SUCCESS)
			ares_library_cleanup();
	}
	if (status == ARES_SUCCESS)
		return 0;
	log_error("event=dns-failed error=\"%s\"", ares_strerror(status));
	return -EIO;
}

int dns_create(struct dns **out, struct event_base *base, dns_handler handler, void *arg)
{
	struct dns *dns = calloc(1, sizeof(*dns));
	int result = -ENOMEM;
	if (!dns)
		return result;
	dns->base = base;
	dns->handler = handler;
	dns->arg = arg;
	LIST_INIT(&dns->sockets);
	TAILQ_INIT(&dns->answered);
	dns->timer = event_new(base, -1, 0, dns_expired, dns);
	dns->deliver = event_new(base, -1, 0, dns_deliver, dns);
	if (dns->timer && dns->deliver)
		result = dns_start(dns);
	if (result == 0) {
		*out = dns;
		return 0;
	}
	if (dns->timer)
		event_free(dns->timer);
	if (dns->deliver)
		event_free(dns->deliver);
	free(dns);
	return result;
}

void dns_destroy(struct dns *dns)
{
	struct dns_query *q;
	if (!dns)
		return;
	dns->closing = true;
	ares_destroy(dns->channel);
	ares_library_cleanup();
	while ((q = TAILQ_FIRST(&dns->answered))) {
		TAILQ_REMOVE(&dns->answered, q, link);
		free(q);
	}
	event_free(dns->timer);
	event_free(dns->deliver);
	free(dns);
}

void dns_ask(struct dns *dns, uint64_t query, const char *name)
{
	static const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct dns_query *q = calloc(1, sizeof(*q));
	if (!q) {
		log_error("event=dns-failed error=\"out of memory\"");
		return; /* the plane gives its questions up by time */
	}
	q->dns = dns;
	q->query = query;
	if (xf_addr_parse(&q->addr[0], name) == 0) {
		q->count = 1;
		dns_answered(q);
		return;
	}
	ares_getaddrinfo(dns->channel, name, NULL, &hints, query_done, q);
	dns_schedule(dns);
}
