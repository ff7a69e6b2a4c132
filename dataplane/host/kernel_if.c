#include "kernel_if.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include "fast/counter.h"

#define KERNEL_IF_BURST	   64 /* of each ring and turn */
#define KERNEL_IF_SEGMENTS 8

/* Whether the frame had the port's tag, which is off now. */
static bool kernel_if_untag(const struct kernel_if *k, struct rte_mbuf *pkt)
{
	if (pkt->data_len < RTE_ETHER_HDR_LEN + sizeof(struct rte_vlan_hdr) || rte_vlan_strip(pkt) < 0)
		return false;
	return (pkt->vlan_tci & RTE_ETHER_MAX_VLAN_ID) == k->vlan;
}

static void kernel_if_write(struct kernel_if *k, struct rte_mbuf *pkt)
{
	struct iovec iov[KERNEL_IF_SEGMENTS];
	int n = 0;
	ssize_t written = -1;

	if (k->vlan && !kernel_if_untag(k, pkt)) {
		counter_add(&k->other_vlan, 1);
		rte_pktmbuf_free(pkt);
		return;
	}
	for (struct rte_mbuf *s = pkt; s && n < KERNEL_IF_SEGMENTS; s = s->next)
		iov[n++] = (struct iovec){rte_pktmbuf_mtod(s, void *), s->data_len};
	if (pkt->nb_segs <= KERNEL_IF_SEGMENTS)
		written = writev(k->tap.fd, iov, n);
	if (written < 0)
		counter_add(&k->refused, 1);
	else
		counter_add(&k->tap_out, 1);
	rte_pktmbuf_free(pkt);
}

unsigned kernel_if_drain(struct kernel_if *k)
{
	struct rte_mbuf *pkts[KERNEL_IF_BURST];
	unsigned done = 0;

	for (unsigned kind = 0; kind < LCORE_KERNEL_COUNT; kind++) {
		for (unsigned w = 0; w < k->lcores->count; w++) {
			struct rte_ring *ring = k->lcores->lcores[w].to_kernel[k->port][kind];
			unsigned n = rte_ring_sc_dequeue_burst(ring, (void **)pkts, KERNEL_IF_BURST, NULL);
			for (unsigned i = 0; i < n; i++)
				kernel_if_write(k, pkts[i]);
			done += n;
		}
	}
	return done;
}

/* A frame that finds no mbuf is read and thrown away, as a NIC would: else the TAP stays readable and nothing moves. */
static void kernel_if_discard(struct kernel_if *k)
{
	char byte;

	if (read(k->tap.fd, &byte, sizeof(byte)) > 0)
		counter_add(&k->no_mbuf, 1);
}

unsigned kernel_if_read(struct kernel_if *k)
{
	struct rte_mbuf *pkts[KERNEL_IF_BURST];
	unsigned n = 0;

	while (n < KERNEL_IF_BURST) {
		struct rte_mbuf *pkt = rte_pktmbuf_alloc(k->pool);
		if (pkt == NULL) {
			kernel_if_discard(k);
			break;
		}
		ssize_t len = read(k->tap.fd, rte_pktmbuf_mtod(pkt, void *), rte_pktmbuf_tailroom(pkt));
		if (len <= 0) {
			rte_pktmbuf_free(pkt);
			break;
		}
		pkt->data_len = (uint16_t)len;
		pkt->pkt_len = (uint32_t)len;
		pkt->vlan_tci = k->vlan;
		if (k->vlan && rte_vlan_insert(&pkt) < 0) {
			rte_pktmbuf_free(pkt);
			counter_add(&k->tx_full, 1);
			continue;
		}
		pkts[n++] = pkt;
	}
	counter_add(&k->tap_in, n);
	unsigned sent = n ? lcore_main_transmit(k->lcores, k->port, pkts, n) : 0;
	if (sent < n) {
		counter_add(&k->tx_full, n - sent);
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	}
	return n;
}
