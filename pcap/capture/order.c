/* Packets whose time is not before that of the one before stand in a queue, the others in a heap; the next one out is
 * the earlier of the two heads. So a capture in order costs a copy and no comparison beyond that. libpcap's bytes live
 * only until its next packet: they are copied into chunks, which are used again when their last packet is out. */
#include "order.h"

#define ORDER_WINDOW_NS	  1000000000u
#define ORDER_CHUNK	  (512 * 1024)
#define ORDER_CHUNKS_MAX  128
#define ORDER_PACKETS_MAX (1u << 19)

struct order_chunk {
	struct order_chunk *next; /* of the free ones */
	size_t size, fill;
	unsigned live; /* packets */
	uint8_t data[];
};

struct order_packet {
	struct capture_packet packet;
	struct order_chunk *chunk;
};

struct capture_order {
	struct capture_file *file;
	/* ring: size is a power of two, head and tail run on */
	struct order_packet *ring;
	uint32_t ring_size, head, tail;
	struct order_packet *heap;
	uint32_t heap_size, heap_count;
	struct order_chunk *filling, *unused;
	unsigned chunks;
	struct order_packet out;  /* given to the caller; chunk NULL: none */
	struct order_packet wait; /* read, but starts a new order; chunk NULL: none */
	uint64_t last_ns;	  /* of the file's last packet */
	uint64_t newest_ns;
	int end; /* 1: there may be more in the file; else what its end said */
	char why[CAPTURE_WHY];
};

int capture_order_create(struct capture_order **out, struct capture_file *file)
{
	struct capture_order *order = calloc(1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	order->file = file;
	order->end = 1;
	*out = order;
	return 0;
}

static void order_release(struct capture_order *order, struct order_packet *packet)
{
	struct order_chunk *chunk = packet->chunk;
	packet->chunk = NULL;
	if (!chunk || --chunk->live)
		return;
	chunk->fill = 0;
	if (chunk == order->filling)
		return;
	if (chunk->size > ORDER_CHUNK) {
		free(chunk);
		order->chunks--;
		return;
	}
	chunk->next = order->unused;
	order->unused = chunk;
}

void capture_order_destroy(struct capture_order *order)
{
	if (!order)
		return;
	order_release(order, &order->out);
	order_release(order, &order->wait);
	for (; order->head != order->tail; order->head++)
		order_release(order, &order->ring[order->head & (order->ring_size - 1)]);
	while (order->heap_count)
		order_release(order, &order->heap[--order->heap_count]);
	free(order->filling);
	for (struct order_chunk *chunk; (chunk = order->unused);) {
		order->unused = chunk->next;
		free(chunk);
	}
	free(order->ring);
	free(order->heap);
	capture_file_close(order->file);
	free(order);
}

/* A chunk with room for len bytes becomes the one that is filled. */
static int order_chunk(struct capture_order *order, size_t len)
{
	struct order_chunk *chunk = order->unused;
	size_t size = len > ORDER_CHUNK ? len : ORDER_CHUNK;

	if (chunk && size == ORDER_CHUNK) {
		order->unused = chunk->next;
	} else {
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return -ENOMEM;
		*chunk = (struct order_chunk){.size = size};
		order->chunks++;
	}
	struct order_chunk *full = order->filling;
	order->filling = chunk;
	if (full && full->live == 0) {
		full->live = 1; /* as if its last packet went now */
		order_release(order, &(struct order_packet){.chunk = full});
	}
	return 0;
}

static int order_copy(struct capture_order *order, struct order_packet *packet)
{
	struct order_chunk *chunk = order->filling;
	size_t len = packet->packet.len;

	if (!chunk || chunk->size - chunk->fill < len) {
		if (order_chunk(order, len) < 0)
			return -ENOMEM;
		chunk = order->filling;
	}
	uint8_t *at = chunk->data + chunk->fill;
	if (len)
		memcpy(at, packet->packet.data, len);
	chunk->fill += len;
	chunk->live++;
	packet->packet.data = at;
	packet->chunk = chunk;
	return 0;
}

static bool order_before(const struct order_packet *a, const struct order_packet *b)
{
	return a->packet.ns != b->packet.ns ? a->packet.ns < b->packet.ns : a->packet.number < b->packet.number;
}

static int order_queue(struct capture_order *order, const struct order_packet *packet)
{
	if (order->tail - order->head == order->ring_size) {
		uint32_t size = order->ring_size ? order->ring_size * 2 : 256;
		struct order_packet *ring = malloc(size * sizeof(*ring));
		if (!ring)
			return -ENOMEM;
		uint32_t count = 0;
		for (; order->head != order->tail; order->head++)
			ring[count++] = order->ring[order->head & (order->ring_size - 1)];
		free(order->ring);
		order->ring = ring;
		order->ring_size = size;
		order->head = 0;
		order->tail = count;
	}
	order->ring[order->tail++ & (order->ring_size - 1)] = *packet;
	return 0;
}

static int order_push(struct capture_order *order, const struct order_packet *packet)
{
	if (order->heap_count == order->heap_size) {
		uint32_t size = order->heap_size ? order->heap_size * 2 : 64;
		struct order_packet *heap = realloc(order->heap, size * sizeof(*heap));
		if (!heap)
			return -ENOMEM;
		order->heap = heap;
		order->heap_size = size;
	}
	uint32_t at = order->heap_count++;
	for (; at && order_before(packet, &order->heap[(at - 1) / 2]); at = (at - 1) / 2)
		order->heap[at] = order->heap[(at - 1) / 2];
	order->heap[at] = *packet;
	return 0;
}

static struct order_packet order_pop(struct capture_order *order)
{
	struct order_packet top = order->heap[0];
	struct order_packet last = order->heap[--order->heap_count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = at * 2 + 1;
		if (child >= order->heap_count)
			break;
		if (child + 1 < order->heap_count && order_before(&order->heap[child + 1], &order->heap[child]))
			child++;
		if (!order_before(&order->heap[child], &last))
			break;
		order->heap[at] = order->heap[child];
		at = child;
	}
	if (order->heap_count)
		order->heap[at] = last;
	return top;
}

/* Into the queue or the heap. */
static int order_keep(struct capture_order *order, const struct order_packet *packet)
{
	if (order->head != order->tail && packet->packet.ns < order->newest_ns)
		return order_push(order, packet);
	order->newest_ns = packet->packet.ns;
	return order_queue(order, packet);
}

/* One packet of the file. */
static int order_read(struct capture_order *order, uint64_t *late)
{
	struct order_packet packet;
	int rc = capture_file_next(order->file, &packet.packet, order->why);

	if (rc <= 0)
		return order->end = rc;
	uint64_t ns = packet.packet.ns;
	if (packet.packet.number > 1 && ns < order->last_ns)
		++*late;
	order->last_ns = ns;
	rc = order_copy(order, &packet);
	if (rc == 0 && ns < order->newest_ns && order->newest_ns - ns > ORDER_WINDOW_NS) {
		order->wait = packet;
		return 0;
	}
	if (rc == 0)
		rc = order_keep(order, &packet);
	if (rc < 0) {
		order_release(order, &packet);
		return order->end = rc;
	}
	return 0;
}

static const struct order_packet *order_first(const struct capture_order *order)
{
	const struct order_packet *first = NULL;
	if (order->head != order->tail)
		first = &order->ring[order->head & (order->ring_size - 1)];
	if (order->heap_count && (!first || order_before(&order->heap[0], first)))
		first = &order->heap[0];
	return first;
}

/* Nothing can come before it any more, or there is no room for what could. */
static bool order_ripe(const struct capture_order *order, const struct order_packet *first)
{
	if (order->end != 1 || order->wait.chunk)
		return true;
	return order->newest_ns - first->packet.ns > ORDER_WINDOW_NS || order->chunks >= ORDER_CHUNKS_MAX ||
	       order->tail - order->head + order->heap_count >= ORDER_PACKETS_MAX;
}

int capture_order_next(struct capture_order *order, struct capture_packet *packet, uint64_t *late,
		       char why[static CAPTURE_WHY])
{
	order_release(order, &order->out);
	for (;;) {
		const struct order_packet *first = order_first(order);
		if (first && order_ripe(order, first)) {
			if (order->heap_count && first == &order->heap[0]) {
				order->out = order_pop(order);
			} else {
				order->out = *first;
				order->head++;
			}
			*packet = order->out.packet;
			return 1;
		}
		if (!first && order->wait.chunk) {
			struct order_packet wait = order->wait;
			order->wait.chunk = NULL;
			int rc = order_keep(order, &wait);
			if (rc < 0) {
				order_release(order, &wait);
				return order->end = rc;
			}
			continue;
		}
		if (order->end != 1) {
			if (order->end < 0)
				memcpy(why, order->why, CAPTURE_WHY);
			return order->end;
		}
		order_read(order, late);
	}
}
