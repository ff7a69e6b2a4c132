/* IPv4 and IPv6 fragments. An overlap spoils its datagram for good (RFC 5722): which bytes count is what attackers play
 * with. A fragment that comes twice, byte for byte, is no overlap. */
#include "reassembly.h"

#include <stddef.h>

#include "ip.h"

#define REASSEMBLY_SLOTS     256
#define REASSEMBLY_NS	     30000000000u /* RFC 791 section 3.2 says 15 s, RFC 8200 section 4.5 says 60 s */
#define REASSEMBLY_MAX	     65535
#define REASSEMBLY_BLOCKS    ((REASSEMBLY_MAX + 8) / 8)
#define REASSEMBLY_HEADER    512
#define REASSEMBLY_WHOLE_MAX (REASSEMBLY_HEADER + REASSEMBLY_MAX + 8)

struct reassembly_key {
	uint8_t family, proto; /* proto: IPv4 only (RFC 791); 0 */
	uint8_t zero[2];
	uint32_t id;
	uint8_t from[16], to[16];
};

struct reassembly_slot {
	bool used, spoilt;
	struct reassembly_key key;
	uint64_t ns; /* of its first fragment */
	uint32_t fragments;
	uint32_t total;	 /* bytes; 0: the last one has not come */
	uint32_t end;	 /* of what has come */
	uint32_t blocks; /* of 8 bytes, that have come */
	uint32_t size;	 /* of data */
	uint32_t header_len, next_at;
	uint8_t proto; /* of the first fragment */
	uint8_t *data;
	uint64_t have[(REASSEMBLY_BLOCKS + 63) / 64];
	uint8_t header[REASSEMBLY_HEADER];
};

struct capture_reassembly {
	struct capture_fragments count;
	uint8_t *whole; /* REASSEMBLY_WHOLE_MAX */
	struct reassembly_slot slots[REASSEMBLY_SLOTS];
};

int capture_reassembly_create(struct capture_reassembly **out)
{
	struct capture_reassembly *r = calloc(1, sizeof(*r));
	if (r)
		r->whole = malloc(REASSEMBLY_WHOLE_MAX);
	if (!r || !r->whole) {
		free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void capture_reassembly_destroy(struct capture_reassembly *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < REASSEMBLY_SLOTS; i++)
		free(r->slots[i].data);
	free(r->whole);
	free(r);
}

void capture_reassembly_count(const struct capture_reassembly *r, struct capture_fragments *count)
{
	*count = r->count;
}

static void reassembly_free(struct capture_reassembly *r, struct reassembly_slot *slot)
{
	r->count.held -= slot->fragments;
	free(slot->data);
	slot->data = NULL;
	slot->used = false;
}

static void reassembly_begin(struct reassembly_slot *slot, const struct reassembly_key *key, uint64_t ns)
{
	memset(slot, 0, offsetof(struct reassembly_slot, header));
	slot->used = true;
	slot->key = *key;
	slot->ns = ns;
}

/* The datagram's slot, or a new one: a free one, else the oldest. */
static struct reassembly_slot *reassembly_find(struct capture_reassembly *r, const struct reassembly_key *key,
					       uint64_t ns)
{
	struct reassembly_slot *unused = NULL, *oldest = &r->slots[0];

	for (unsigned i = 0; i < REASSEMBLY_SLOTS; i++) {
		struct reassembly_slot *slot = &r->slots[i];
		if (slot->used && ns > slot->ns && ns - slot->ns > REASSEMBLY_NS)
			reassembly_free(r, slot);
		if (slot->used && slot->key.id == key->id && memcmp(&slot->key, key, sizeof(*key)) == 0)
			return slot;
		if (!slot->used && !unused)
			unused = slot;
		if (slot->ns < oldest->ns)
			oldest = slot;
	}
	if (!unused) {
		reassembly_free(r, oldest);
		unused = oldest;
	}
	reassembly_begin(unused, key, ns);
	return unused;
}

static int reassembly_spoil(struct capture_reassembly *r, struct reassembly_slot *slot)
{
	r->count.held -= slot->fragments;
	slot->fragments = 0;
	free(slot->data);
	slot->data = NULL;
	slot->size = 0;
	slot->spoilt = true;
	return -EBADMSG;
}

static bool reassembly_have(const struct reassembly_slot *slot, uint32_t block)
{
	return slot->have[block / 64] >> (block % 64) & 1;
}

/* 0: all new, 1: all there already and the same, -EBADMSG. */
static int reassembly_overlap(const struct reassembly_slot *slot, const struct capture_ip *ip)
{
	uint32_t first = ip->offset / 8, blocks = (uint32_t)(ip->payload_len + 7) / 8, old = 0;

	for (uint32_t i = 0; i < blocks; i++)
		old += reassembly_have(slot, first + i);
	if (old == 0)
		return 0;
	if (old < blocks || ip->offset + ip->payload_len > slot->end ||
	    memcmp(slot->data + ip->offset, ip->payload, ip->payload_len) != 0)
		return -EBADMSG;
	return ip->more || slot->total == ip->offset + ip->payload_len ? 1 : -EBADMSG;
}

static int reassembly_room(struct reassembly_slot *slot, uint32_t end)
{
	if (end <= slot->size)
		return 0;
	uint32_t size = slot->size ? slot->size : 4096;
	while (size < end)
		size *= 2;
	uint8_t *data = realloc(slot->data, size);
	if (!data)
		return -ENOMEM;
	slot->data = data;
	slot->size = size;
	return 0;
}

static int reassembly_put(struct capture_reassembly *r, struct reassembly_slot *slot, const struct capture_ip *ip,
			  const uint8_t *packet)
{
	uint32_t end = (uint32_t)(ip->offset + ip->payload_len);

	if (end > REASSEMBLY_MAX || (slot->total && end > slot->total) || (!ip->more && slot->end > end) ||
	    (!ip->more && slot->total && slot->total != end) ||
	    (ip->offset == 0 && ip->unfragmentable > REASSEMBLY_HEADER))
		return reassembly_spoil(r, slot);
	int rc = reassembly_overlap(slot, ip);
	if (rc < 0)
		return reassembly_spoil(r, slot);
	slot->fragments++;
	r->count.held++;
	if (rc == 1)
		return 0;
	if (reassembly_room(slot, end) < 0)
		return reassembly_spoil(r, slot);
	memcpy(slot->data + ip->offset, ip->payload, ip->payload_len);
	for (uint32_t block = ip->offset / 8; block < (end + 7) / 8; block++, slot->blocks++)
		slot->have[block / 64] |= 1ull << (block % 64);
	if (end > slot->end)
		slot->end = end;
	if (!ip->more)
		slot->total = end;
	if (ip->offset == 0) {
		memcpy(slot->header, packet, ip->unfragmentable);
		slot->header_len = (uint32_t)ip->unfragmentable;
		slot->next_at = (uint32_t)ip->next_at;
		slot->proto = ip->proto;
	}
	return 0;
}

/* The first fragment's header without its fragment part, before all the data. */
static int reassembly_whole(struct capture_reassembly *r, struct reassembly_slot *slot, const uint8_t **whole,
			    size_t *whole_len)
{
	uint8_t *h = r->whole;
	uint32_t len = slot->header_len + slot->total;

	if (len - (slot->key.family == 6 ? 40 : 0) > REASSEMBLY_MAX)
		return reassembly_spoil(r, slot);
	memcpy(h, slot->header, slot->header_len);
	memcpy(h + slot->header_len, slot->data, slot->total);
	if (slot->key.family == 4) {
		capture_put16(h + 2, len);
		memset(h + 6, 0, 2);
		memset(h + 10, 0, 2);
		uint16_t sum = (uint16_t)~capture_ip_fold(capture_ip_sum(0, h, slot->header_len));
		memcpy(h + 10, &sum, 2);
	} else {
		h[slot->next_at] = slot->proto;
		capture_put16(h + 4, len - 40);
	}
	r->count.used += slot->fragments;
	reassembly_free(r, slot);
	*whole = h;
	*whole_len = len;
	return 1;
}

int capture_reassembly_add(struct capture_reassembly *r, uint64_t ns, const uint8_t *packet, size_t len,
			   const uint8_t **whole, size_t *whole_len)
{
	struct capture_ip ip;
	struct reassembly_key key = {0};
	struct reassembly_slot alone, *slot;

	if (capture_ip_parse(&ip, packet, len) < 0 || !ip.fragment || ip.payload_len == 0 ||
	    (ip.more && ip.payload_len % 8))
		return -EBADMSG;
	size_t size = ip.family == 4 ? 4 : 16;
	key.family = ip.family;
	key.proto = ip.family == 4 ? ip.proto : 0;
	key.id = ip.id;
	memcpy(key.from, ip.from, size);
	memcpy(key.to, ip.to, size);
	/* All of a datagram in one fragment has nothing to do with others of the same number (RFC 6946). */
	bool atomic = ip.offset == 0 && !ip.more;
	if (atomic) {
		slot = &alone;
		reassembly_begin(slot, &key, ns);
	} else {
		slot = reassembly_find(r, &key, ns);
	}
	if (slot->spoilt)
		return -EBADMSG;
	int rc = reassembly_put(r, slot, &ip, packet);
	if (rc == 0 && slot->total && slot->blocks == (slot->total + 7) / 8)
		return reassembly_whole(r, slot, whole, whole_len);
	return rc;
}
