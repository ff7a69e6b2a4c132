/* Captures made by hand, byte by byte and without the code under test, and what a reader makes of them. */
#pragma once

#include "capture/capture.h"

enum made_format {
	MADE_PCAP_NS,
	MADE_PCAP_US,
	MADE_PCAPNG,
	MADE_FORMATS,
};

struct made {
	enum made_format format;
	bool swapped; /* the other byte order than this machine's */
	char *data;   /* after made_end; free it by made_free */
	size_t len;
	FILE *out;
};

#define MADE_SECOND 1000000000ull
#define MADE_EPOCH  (1700000000 * MADE_SECOND)

void made_begin(struct made *made, enum made_format format, bool swapped, uint32_t link);
void made_packet(struct made *made, uint64_t ns, const void *data, size_t len, size_t wire_len);
void made_end(struct made *made);
void made_free(struct made *made);

/* Headers before a payload: each returns the bytes written to out. Hosts are 10.0.0.N and 2001:db8::N. */
size_t made_ether(uint8_t *out, unsigned type, const void *payload, size_t len);
size_t made_udp(uint8_t *out, unsigned from, unsigned to, const void *payload, size_t len);
/* flags_offset: of IPv4, as on the wire. */
size_t made_ip4(uint8_t *out, unsigned from, unsigned to, unsigned proto, unsigned id, unsigned flags_offset,
		const void *payload, size_t len);
size_t made_ip6(uint8_t *out, unsigned from, unsigned to, unsigned next, const void *payload, size_t len);
/* A fragment header and what comes after it. */
size_t made_fragment6(uint8_t *out, unsigned next, uint32_t id, unsigned offset, bool more, const void *payload,
		      size_t len);
#define MADE_FIN 1
#define MADE_SYN 2
#define MADE_ACK 16
/* A whole IPv4 packet from host `from` port 5060 to host `to` port 5060. */
size_t made_tcp(uint8_t *out, unsigned from, unsigned to, uint32_t seq, uint32_t ack, unsigned flags,
		const void *payload, size_t len);

struct got_unit {
	struct capture_unit unit; /* data and ip are copies */
	struct got_unit *next;
};

struct got {
	unsigned count;
	struct got_unit *first, **last;
	struct capture_notes notes;
	int rc; /* of opening, or of the last call */
	char why[CAPTURE_WHY];
};

void got_read(struct got *got, const struct made *made); /* ends it, reads all; free by got_free */
void got_file(struct got *got, const char *path);
void got_free(struct got *got);
const struct capture_unit *got_unit(const struct got *got, unsigned n);
/* Unit n has this payload. */
bool got_is(const struct got *got, unsigned n, const void *data, size_t len);
