/* Captures in and out: files of packets (libpcap does the file formats), link layers, IP fragments, TCP streams with
 * SIP in them; and a writer.
 *
 * Everything in a capture is untrusted. No function here ends the process; errors name the packet by its number (from
 * 1, as Wireshark counts) and say what would be right.
 */
#pragma once

#include "xfergate/addr.h"

#define CAPTURE_WHY 256

/* ---- file.c: packets of a pcap or pcapng file, in its order */

struct capture_file;

struct capture_packet {
	uint64_t number;
	uint64_t ns; /* since 1970 */
	const uint8_t *data;
	uint32_t len;	   /* bytes that are there */
	uint32_t wire_len; /* bytes that there were */
};

/* path "-": standard input. 0, or -errno and `why`. */
int capture_file_open(struct capture_file **out, const char *path, char why[static CAPTURE_WHY]);
/* The same from memory, which outlives it. */
int capture_file_memory(struct capture_file **out, const void *data, size_t len, char why[static CAPTURE_WHY]);
void capture_file_close(struct capture_file *file);
int capture_file_link(const struct capture_file *file); /* DLT_… of libpcap */
/* 1: *packet lives until the next call; 0: end; -EBADMSG and `why`: the file is damaged here; what was before stands.
 */
int capture_file_next(struct capture_file *file, struct capture_packet *packet, char why[static CAPTURE_WHY]);

/* ---- frame.c: link layers */

enum capture_frame {
	CAPTURE_FRAME_IP,    /* *ip is an IPv4 or IPv6 packet (version checked), its length cut to the header's */
	CAPTURE_FRAME_OTHER, /* ARP and the like */
	CAPTURE_FRAME_SHORT, /* cut within its headers */
};
/* Ethernet, 802.1Q and 802.1ad tags (nested), Linux cooked v1 and v2, raw IP, NULL and loopback, by DLT_… .
 * *ip_len: bytes that are there; *cut: the packet was longer. */
enum capture_frame capture_frame(int link, const uint8_t *frame, size_t len, const uint8_t **ip, size_t *ip_len,
				 bool *cut);
bool capture_link_known(int link);

/* ---- reassembly.c: IPv4 and IPv6 fragments; bounded (256 datagrams, 64 kB each, 30 s). */

struct capture_reassembly;
int capture_reassembly_create(struct capture_reassembly **out);
void capture_reassembly_destroy(struct capture_reassembly *r);
/* 1: whole: *whole is an IP packet without fragmentation (valid until the next call); 0: kept; -EBADMSG: overlapping,
 * too long, or no fragment. */
int capture_reassembly_add(struct capture_reassembly *r, uint64_t ns, const uint8_t *ip, size_t len,
			   const uint8_t **whole, size_t *whole_len);

/* ---- reader.c: what is in the packets, in order of time */

enum capture_kind {
	CAPTURE_UDP,	 /* a datagram */
	CAPTURE_SIP_TCP, /* one SIP message that was cut out of a TCP stream; from and to are the stream's ends */
};

struct capture_unit {
	enum capture_kind kind;
	uint64_t number; /* of its (last) packet */
	uint64_t ns;
	struct xf_sockaddr from, to;
	const uint8_t *data; /* payload; valid until the next call */
	size_t len;
	bool cut; /* the capture holds only its beginning */
	/* UDP that was not fragmented or cut: the IP packet as it was, for those who send it on; else NULL */
	const uint8_t *ip;
	size_t ip_len;
	uint8_t ttl, dscp;
};

/* What a reader met that gives no unit. */
struct capture_notes {
	uint64_t packets;
	uint64_t not_ip, short_packets, cut, other_protocols;
	uint64_t fragments, fragments_lost; /* lost: of datagrams that never got whole */
	uint64_t tcp_packets, tcp_streams, tcp_streams_sip, tcp_gaps;
	uint64_t tls_streams;	  /* cannot be read without keys */
	uint64_t out_of_order;	  /* packets whose time is before that of the one before; up to 1 s is put in order */
	char damage[CAPTURE_WHY]; /* where a damaged or truncated file ended; "" if it did not */
};

struct capture_reader;
int capture_reader_open(struct capture_reader **out, const char *path, char why[static CAPTURE_WHY]);
int capture_reader_memory(struct capture_reader **out, const void *data, size_t len, char why[static CAPTURE_WHY]);
void capture_reader_close(struct capture_reader *reader);
/* 1, 0: end (see notes.damage), or -ENOMEM. */
int capture_reader_next(struct capture_reader *reader, struct capture_unit *unit);
const struct capture_notes *capture_reader_notes(const struct capture_reader *reader);

/* ---- writer.c: a pcap of Ethernet frames with nanoseconds */

struct capture_writer;
/* Written beside and renamed at close, so that a file is whole or not there; path "-": standard output. */
int capture_writer_open(struct capture_writer **out, const char *path, char why[static CAPTURE_WHY]);
/* Errors are kept for close. */
void capture_writer_frame(struct capture_writer *writer, uint64_t ns, const void *frame, size_t len);
/* UDP datagram in an Ethernet frame, with made-up MACs and right checksums, in IP fragments of at most 1500 bytes where
 * needed. */
void capture_writer_udp(struct capture_writer *writer, uint64_t ns, const struct xf_sockaddr *from,
			const struct xf_sockaddr *to, const void *data, size_t len);
/* keep false: throws it away. 0 or -errno. */
int capture_writer_close(struct capture_writer *writer, bool keep);

/* ---- build.c: IP packets from datagrams; also for the world's kernel */

/* Calls each(arg, packet, len) for every IP packet (one, or fragments of at most mtu bytes) of a UDP datagram. `id`:
 * IP identification of fragments. 0, -EINVAL (families differ), -EMSGSIZE. */
int capture_build_udp(const struct xf_sockaddr *from, const struct xf_sockaddr *to, uint8_t ttl, uint8_t dscp,
		      uint32_t id, size_t mtu, const void *data, size_t len,
		      void (*each)(void *arg, const void *packet, size_t len), void *arg);
