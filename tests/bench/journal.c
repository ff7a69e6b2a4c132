#include "journal.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <rte_ethdev.h>
#include "host/clock.h"
#include "media_plan.h"
#include "xfergate/link.h"

#define JOURNAL_PAUSE_NS 20000 /* between two bursts: time to ask the kernel whose it was */

/* What a receiver got last. Written by the worker. */
struct journal_receiver {
	uint64_t last; /* number of the packet */
	uint32_t source;
	uint16_t sequence;
	uint16_t heard;
};

static struct journal *journal;
static struct journal_receiver *journal_receivers;
static uint32_t journal_flows;

bool journal_on(void)
{
	return journal != NULL;
}

/* A pause in which the thread did not lose its core is its own. */
static void journal_paused(uint64_t begin, uint64_t end)
{
	static long switches;
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	if (usage.ru_nivcsw != switches && journal->pauses < JOURNAL_PAUSES) {
		journal->pause[journal->pauses] = (struct journal_pause){begin, end};
		__atomic_store_n(&journal->pauses, journal->pauses + 1, __ATOMIC_RELEASE);
	}
	switches = usage.ru_nivcsw;
}

void journal_burst(uint64_t end)
{
	static uint64_t before_ns;
	uint64_t now_ns = clock_now_ns();
	if (unlikely(now_ns - before_ns > JOURNAL_PAUSE_NS))
		journal_paused(before_ns, now_ns);
	before_ns = now_ns;
	journal->burst[journal->bursts % JOURNAL_BURSTS] = (struct journal_burst){now_ns, end};
	__atomic_store_n(&journal->bursts, journal->bursts + 1, __ATOMIC_RELEASE);
}

static void journal_heard(uint32_t to, const struct journal_receiver *now)
{
	struct journal_receiver *r = &journal_receivers[to];
	int16_t step = (int16_t)(now->sequence - r->sequence);
	if (!r->heard)
		return;
	if (step < 1)
		journal->repeated++;
	else
		journal->skipped += (uint64_t)step - 1;
	if (now->source == r->source) {
		if (now->last > r->last)
			journal->lost += (now->last - r->last) / journal_flows - 1;
		return;
	}
	if (journal->changes >= JOURNAL_CHANGES)
		return;
	journal->change[journal->changes] = (struct journal_change){r->last, now->last, to, r->source, now->source, 0};
	__atomic_store_n(&journal->changes, journal->changes + 1, __ATOMIC_RELEASE);
}

static void journal_packet(const struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	if (rte_pktmbuf_data_len(mbuf) != MEDIA_PLAN_FRAME_LEN || frame[MEDIA_PLAN_IP + 9] != 17)
		return;
	uint32_t to = media_plan_get32(frame + MEDIA_PLAN_IP + 16) - MEDIA_PLAN_SENDER;
	struct journal_receiver now = {.source = media_plan_get32(frame + MEDIA_PLAN_NUMBER),
				       .sequence = media_plan_get16(frame + MEDIA_PLAN_RTP + 2),
				       .heard = 1};
	memcpy(&now.last, frame + MEDIA_PLAN_COUNT, sizeof(now.last));
	if (to >= journal_flows || now.source >= journal_flows) {
		journal->malformed++;
		return;
	}
	journal->packets++;
	journal_heard(to, &now);
	journal_receivers[to] = now;
}

static uint16_t journal_sent(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, void *arg)
{
	for (uint16_t i = 0; i < n; i++)
		journal_packet(pkts[i]);
	return n;
}

int journal_start(int fd, uint16_t port, uint32_t flows)
{
	void *memory = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	journal_receivers = calloc(flows, sizeof(*journal_receivers));
	journal_flows = flows;
	if (!journal_receivers)
		return -ENOMEM;
	journal = memory;
	return rte_eth_add_tx_callback(port, 0, journal_sent, NULL) ? 0 : -ENOTSUP;
}

/* The daemon reads its link with this: the time at which it had a batch. */
ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	struct xf_link_record record;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "recv");
	ssize_t n = real(fd, buffer, size, flags);
	if (!journal || n < (ssize_t)sizeof(record) || n > (ssize_t)size)
		return n;
	memcpy(&record, buffer, sizeof(record));
	if (record.type == XF_LINK_PATCH && journal->reads < JOURNAL_READS) {
		journal->read[journal->reads] = (struct journal_read){clock_now_ns(), record.sequence};
		__atomic_store_n(&journal->reads, journal->reads + 1, __ATOMIC_RELEASE);
	}
	return n;
}
