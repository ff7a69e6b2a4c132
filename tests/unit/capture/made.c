#include "made.h"

#include <criterion/criterion.h>

static void made_put16(struct made *made, uint16_t v)
{
	if (made->swapped)
		v = __builtin_bswap16(v);
	fwrite(&v, sizeof(v), 1, made->out);
}

static void made_put32(struct made *made, uint32_t v)
{
	if (made->swapped)
		v = __builtin_bswap32(v);
	fwrite(&v, sizeof(v), 1, made->out);
}

/* Section header and one interface with nanoseconds (if_tsresol 9). */
static void made_begin_ng(struct made *made, uint32_t link)
{
	made_put32(made, 0x0a0d0d0a);
	made_put32(made, 28);
	made_put32(made, 0x1a2b3c4d);
	made_put16(made, 1);
	made_put16(made, 0);
	made_put32(made, UINT32_MAX);
	made_put32(made, UINT32_MAX);
	made_put32(made, 28);
	made_put32(made, 1);
	made_put32(made, 32);
	made_put16(made, (uint16_t)link);
	made_put16(made, 0);
	made_put32(made, 65535);
	made_put16(made, 9);
	made_put16(made, 1);
	fwrite("\x09\0\0\0", 1, 4, made->out);
	made_put16(made, 0);
	made_put16(made, 0);
	made_put32(made, 32);
}

void made_begin(struct made *made, enum made_format format, bool swapped, uint32_t link)
{
	*made = (struct made){.format = format, .swapped = swapped};
	made->out = open_memstream(&made->data, &made->len);
	cr_assert(made->out);
	if (format == MADE_PCAPNG) {
		made_begin_ng(made, link);
		return;
	}
	made_put32(made, format == MADE_PCAP_NS ? 0xa1b23c4d : 0xa1b2c3d4);
	made_put16(made, 2);
	made_put16(made, 4);
	made_put32(made, 0);
	made_put32(made, 0);
	made_put32(made, 65535);
	made_put32(made, link);
}

void made_packet(struct made *made, uint64_t ns, const void *data, size_t len, size_t wire_len)
{
	size_t padded = (len + 3) / 4 * 4;

	if (made->format == MADE_PCAPNG) {
		made_put32(made, 6);
		made_put32(made, (uint32_t)(32 + padded));
		made_put32(made, 0);
		made_put32(made, (uint32_t)(ns >> 32));
		made_put32(made, (uint32_t)ns);
	} else {
		made_put32(made, (uint32_t)(ns / MADE_SECOND));
		made_put32(made, (uint32_t)(ns % MADE_SECOND / (made->format == MADE_PCAP_NS ? 1 : 1000)));
	}
	made_put32(made, (uint32_t)len);
	made_put32(made, (uint32_t)wire_len);
	fwrite(data, 1, len, made->out);
	if (made->format == MADE_PCAPNG) {
		fwrite("\0\0\0", 1, padded - len, made->out);
		made_put32(made, (uint32_t)(32 + padded));
	}
}

void made_end(struct made *made)
{
	if (made->out)
		fclose(made->out);
	made->out = NULL;
}

void made_free(struct made *made)
{
	made_end(made);
	free(made->data);
}

static void made_be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void made_be32(uint8_t *p, uint32_t v)
{
	made_be16(p, v >> 16);
	made_be16(p + 2, v & 0xffff);
}

size_t made_ether(uint8_t *out, unsigned type, const void *payload, size_t len)
{
	memset(out, 0x22, 12);
	made_be16(out + 12, type);
	memcpy(out + 14, payload, len);
	return 14 + len;
}

size_t made_udp(uint8_t *out, unsigned from, unsigned to, const void *payload, size_t len)
{
	made_be16(out, from);
	made_be16(out + 2, to);
	made_be16(out + 4, (unsigned)(8 + len));
	made_be16(out + 6, 0);
	memcpy(out + 8, payload, len);
	return 8 + len;
}

size_t made_ip4(uint8_t *out, unsigned from, unsigned to, unsigned proto, unsigned id, unsigned flags_offset,
		const void *payload, size_t len)
{
	uint8_t header[20] = {0x45, 0xb8, [8] = 61, [9] = (uint8_t)proto};
	uint32_t sum = 0;

	made_be16(header + 2, (unsigned)(20 + len));
	made_be16(header + 4, id);
	made_be16(header + 6, flags_offset);
	made_be32(header + 12, 10u << 24 | from);
	made_be32(header + 16, 10u << 24 | to);
	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	made_be16(header + 10, ~(sum + (sum >> 16)) & 0xffff);
	memcpy(out, header, 20);
	memcpy(out + 20, payload, len);
	return 20 + len;
}

size_t made_ip6(uint8_t *out, unsigned from, unsigned to, unsigned next, const void *payload, size_t len)
{
	static const uint8_t net[4] = {0x20, 0x01, 0x0d, 0xb8};
	memset(out, 0, 40);
	out[0] = 0x6b; /* DSCP 46 */
	out[1] = 0x80;
	made_be16(out + 4, (unsigned)len);
	out[6] = (uint8_t)next;
	out[7] = 61;
	memcpy(out + 8, net, 4);
	memcpy(out + 24, net, 4);
	made_be16(out + 22, from);
	made_be16(out + 38, to);
	memcpy(out + 40, payload, len);
	return 40 + len;
}

size_t made_fragment6(uint8_t *out, unsigned next, uint32_t id, unsigned offset, bool more, const void *payload,
		      size_t len)
{
	out[0] = (uint8_t)next;
	out[1] = 0;
	made_be16(out + 2, offset | more);
	made_be32(out + 4, id);
	memcpy(out + 8, payload, len);
	return 8 + len;
}

size_t made_tcp(uint8_t *out, unsigned from, unsigned to, uint32_t seq, uint32_t ack, unsigned flags,
		const void *payload, size_t len)
{
	uint8_t segment[20 + 65535 - 40];
	memset(segment, 0, 20);
	made_be16(segment, 5060);
	made_be16(segment + 2, 5060);
	made_be32(segment + 4, seq);
	made_be32(segment + 8, ack);
	segment[12] = 0x50;
	segment[13] = (uint8_t)flags;
	memcpy(segment + 20, payload, len);
	return made_ip4(out, from, to, IPPROTO_TCP, 0, 0x4000, segment, 20 + len);
}

static const uint8_t *got_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	cr_assert(copy);
	memcpy(copy, data, len);
	return copy;
}

static void got_all(struct got *got, struct capture_reader *reader)
{
	struct capture_unit unit;

	got->last = &got->first;
	while ((got->rc = capture_reader_next(reader, &unit)) == 1) {
		struct got_unit *copy = calloc(1, sizeof(*copy));
		cr_assert(copy);
		copy->unit = unit;
		copy->unit.data = got_copy(unit.data, unit.len);
		if (unit.ip)
			copy->unit.ip = got_copy(unit.ip, unit.ip_len);
		*got->last = copy;
		got->last = &copy->next;
		got->count++;
	}
	got->notes = *capture_reader_notes(reader);
	capture_reader_close(reader);
}

void got_read(struct got *got, const struct made *made)
{
	struct capture_reader *reader;
	*got = (struct got){0};
	made_end((struct made *)(uintptr_t)made);
	got->rc = capture_reader_memory(&reader, made->data, made->len, got->why);
	if (got->rc == 0)
		got_all(got, reader);
}

void got_file(struct got *got, const char *path)
{
	struct capture_reader *reader;
	*got = (struct got){0};
	got->rc = capture_reader_open(&reader, path, got->why);
	if (got->rc == 0)
		got_all(got, reader);
}

void got_free(struct got *got)
{
	for (struct got_unit *unit; (unit = got->first);) {
		got->first = unit->next;
		free((void *)(uintptr_t)unit->unit.data);
		free((void *)(uintptr_t)unit->unit.ip);
		free(unit);
	}
}

const struct capture_unit *got_unit(const struct got *got, unsigned n)
{
	const struct got_unit *unit = got->first;
	cr_assert_lt(n, got->count, "unit %u of %u", n, got->count);
	while (n--)
		unit = unit->next;
	return &unit->unit;
}

bool got_is(const struct got *got, unsigned n, const void *data, size_t len)
{
	const struct capture_unit *unit = got_unit(got, n);
	return unit->len == len && memcmp(unit->data, data, len) == 0;
}
