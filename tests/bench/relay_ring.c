#include "relay_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define RELAY_RING_FRAME  512
#define RELAY_RING_BLOCK  (1u << 16)
#define RELAY_RING_BLOCKS 256
#define RELAY_RING_FRAMES (RELAY_RING_BLOCK / RELAY_RING_FRAME * RELAY_RING_BLOCKS)

struct relay_ring {
	int socket;
	uint8_t *memory; /* MAP_FAILED: none */
	unsigned at;
};

static struct tpacket2_hdr *relay_ring_head(const struct relay_ring *ring)
{
	return (void *)(ring->memory + (size_t)ring->at * RELAY_RING_FRAME);
}

static int relay_ring_map(struct relay_ring *ring, unsigned interface)
{
	const struct sockaddr_ll where = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_IP), .sll_ifindex = (int)interface};
	const struct tpacket_req room = {RELAY_RING_BLOCK, RELAY_RING_BLOCKS, RELAY_RING_FRAME, RELAY_RING_FRAMES};
	const int version = TPACKET_V2, on = 1;
	if (setsockopt(ring->socket, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(ring->socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(ring->socket, SOL_PACKET, PACKET_RX_RING, &room, sizeof(room)) < 0)
		return -errno;
	ring->memory = mmap(NULL, (size_t)RELAY_RING_BLOCK * RELAY_RING_BLOCKS, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, ring->socket, 0);
	if (ring->memory == MAP_FAILED)
		return -errno;
	return bind(ring->socket, (const struct sockaddr *)&where, sizeof(where)) < 0 ? -errno : 0;
}

int relay_ring_create(struct relay_ring **out, unsigned interface)
{
	struct relay_ring *ring = calloc(1, sizeof(*ring));
	*out = NULL;
	if (!ring)
		return -ENOMEM;
	ring->memory = MAP_FAILED;
	ring->socket = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = ring->socket < 0 ? -errno : relay_ring_map(ring, interface);
	if (r < 0) {
		relay_ring_destroy(ring);
		return r;
	}
	*out = ring;
	return 0;
}

void relay_ring_destroy(struct relay_ring *ring)
{
	if (!ring)
		return;
	if (ring->memory != MAP_FAILED)
		munmap(ring->memory, (size_t)RELAY_RING_BLOCK * RELAY_RING_BLOCKS);
	if (ring->socket >= 0)
		close(ring->socket);
	free(ring);
}

const uint8_t *relay_ring_next(struct relay_ring *ring, uint32_t *len)
{
	struct tpacket2_hdr *head = relay_ring_head(ring);
	if (!(__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return NULL;
	*len = head->tp_snaplen;
	return (const uint8_t *)head + head->tp_net;
}

void relay_ring_give_back(struct relay_ring *ring)
{
	__atomic_store_n(&relay_ring_head(ring)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	ring->at = (ring->at + 1) % RELAY_RING_FRAMES;
}
