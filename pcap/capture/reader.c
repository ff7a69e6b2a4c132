/* What is in the packets of a capture, in order of time. */
#include "ip.h"
#include "order.h"
#include "reassembly.h"
#include "tcp.h"

struct capture_reader {
	int link;
	struct capture_order *order;
	struct capture_reassembly *fragments;
	struct capture_tcp *tcp;
	struct capture_notes notes;
	bool tcp_pending; /* the TCP streams may have a message */
	int end;	  /* 1: not yet; 0; -ENOMEM */
};

static int reader_create(struct capture_reader **out, struct capture_file *file, char why[static CAPTURE_WHY])
{
	struct capture_reader *r = calloc(1, sizeof(*r));

	if (r && capture_order_create(&r->order, file) == 0) {
		r->link = capture_file_link(file);
		r->end = 1;
		file = NULL; /* order's now */
		if (capture_reassembly_create(&r->fragments) == 0 && capture_tcp_create(&r->tcp, &r->notes) == 0) {
			*out = r;
			return 0;
		}
	}
	capture_file_close(file);
	capture_reader_close(r);
	snprintf(why, CAPTURE_WHY, "out of memory");
	return -ENOMEM;
}

int capture_reader_open(struct capture_reader **out, const char *path, char why[static CAPTURE_WHY])
{
	struct capture_file *file;
	int rc = capture_file_open(&file, path, why);
	return rc < 0 ? rc : reader_create(out, file, why);
}

int capture_reader_memory(struct capture_reader **out, const void *data, size_t len, char why[static CAPTURE_WHY])
{
	struct capture_file *file;
	int rc = capture_file_memory(&file, data, len, why);
	return rc < 0 ? rc : reader_create(out, file, why);
}

void capture_reader_close(struct capture_reader *r)
{
	if (!r)
		return;
	capture_order_destroy(r->order);
	capture_reassembly_destroy(r->fragments);
	capture_tcp_destroy(r->tcp);
	free(r);
}

const struct capture_notes *capture_reader_notes(const struct capture_reader *r)
{
	return &r->notes;
}

/* Fragments that came and neither made a datagram nor may still make one. */
static void reader_count_fragments(struct capture_reader *r)
{
	struct capture_fragments count;
	capture_reassembly_count(r->fragments, &count);
	r->notes.fragments_lost = r->notes.fragments - count.used - (r->end == 1 ? count.held : 0);
}

/* 1: *unit; 0: counted only. */
static int reader_udp(struct capture_reader *r, const struct capture_ip *ip, bool cut, struct capture_unit *unit)
{
	const uint8_t *udp = ip->payload;
	size_t there = ip->payload_len, len;

	if (there < 8 || (len = capture_be16(udp + 4)) < 8 || (len > there && !cut)) {
		r->notes.short_packets++;
		return 0;
	}
	unit->kind = CAPTURE_UDP;
	unit->from.addr = ip->family == 4 ? xf_addr_v4(ip->from) : xf_addr_v6(ip->from);
	unit->to.addr = ip->family == 4 ? xf_addr_v4(ip->to) : xf_addr_v6(ip->to);
	unit->from.port = (uint16_t)capture_be16(udp);
	unit->to.port = (uint16_t)capture_be16(udp + 2);
	unit->from.zero = unit->to.zero = 0;
	unit->data = udp + 8;
	unit->cut = len > there;
	unit->len = (unit->cut ? there : len) - 8;
	unit->ttl = ip->ttl;
	unit->dscp = ip->dscp;
	return 1;
}

/* The length in its header is its length: it can be sent on as it is. */
static bool reader_is_packet(const uint8_t *ip, size_t len)
{
	return len == (ip[0] >> 4 == 4 ? capture_be16(ip + 2) : 40 + capture_be16(ip + 4));
}

/* One IP packet. 1: *unit; 0: none (yet); -ENOMEM. */
static int reader_ip(struct capture_reader *r, const struct capture_packet *packet, const uint8_t *data, size_t len,
		     bool cut, struct capture_unit *unit)
{
	struct capture_ip ip;
	int rc = capture_ip_parse(&ip, data, len);
	bool whole = !cut;

	if (rc == 0 && ip.fragment) {
		r->notes.fragments++;
		whole = false;
		rc = cut ? -EBADMSG : capture_reassembly_add(r->fragments, packet->ns, data, len, &data, &len);
		reader_count_fragments(r);
		if (rc <= 0)
			return 0;
		rc = capture_ip_parse(&ip, data, len);
	}
	if (rc < 0) {
		r->notes.short_packets++;
		return 0;
	}
	unit->number = packet->number;
	unit->ns = packet->ns;
	unit->ip = NULL;
	unit->ip_len = 0;
	if (ip.proto == IPPROTO_UDP && !ip.fragment) {
		rc = reader_udp(r, &ip, cut, unit);
		if (rc == 1 && whole && reader_is_packet(data, len)) {
			unit->ip = data;
			unit->ip_len = len;
		}
		return rc;
	}
	if (ip.proto != IPPROTO_TCP || ip.fragment) {
		r->notes.other_protocols++;
		return 0;
	}
	r->notes.tcp_packets++;
	rc = capture_tcp_add(r->tcp, &ip, packet->ns, packet->number);
	r->tcp_pending = rc == 0;
	if (rc < 0 && rc != -ENOMEM)
		r->notes.short_packets++;
	return rc == -ENOMEM ? rc : 0;
}

static int reader_packet(struct capture_reader *r, const struct capture_packet *packet, struct capture_unit *unit)
{
	const uint8_t *ip;
	size_t len;
	bool cut;

	r->notes.packets++;
	switch (capture_frame(r->link, packet->data, packet->len, &ip, &len, &cut)) {
	case CAPTURE_FRAME_IP:
		r->notes.cut += cut;
		return reader_ip(r, packet, ip, len, cut, unit);
	case CAPTURE_FRAME_OTHER:
		r->notes.not_ip++;
		return 0;
	case CAPTURE_FRAME_SHORT:
		r->notes.short_packets++;
		return 0;
	}
	return 0;
}

/* The file is at its end: holes in streams will not be filled any more. */
static int reader_finish(struct capture_reader *r, int rc)
{
	if (rc == -ENOMEM)
		return r->end = rc;
	r->end = 0;
	capture_tcp_end(r->tcp);
	r->tcp_pending = true;
	reader_count_fragments(r);
	return 0;
}

int capture_reader_next(struct capture_reader *r, struct capture_unit *unit)
{
	for (;;) {
		struct capture_packet packet;
		int rc = r->end < 0 ? r->end : 0;

		if (rc == 0 && r->tcp_pending) {
			rc = capture_tcp_next(r->tcp, unit);
			r->tcp_pending = rc == 1;
		}
		if (rc == 0 && r->end == 1) {
			rc = capture_order_next(r->order, &packet, &r->notes.out_of_order, r->notes.damage);
			if (rc <= 0) {
				rc = reader_finish(r, rc);
				if (rc == 0)
					continue;
			} else {
				rc = reader_packet(r, &packet, unit);
				if (rc == 0)
					continue;
			}
		}
		if (rc < 0)
			r->end = rc;
		return rc;
	}
}
