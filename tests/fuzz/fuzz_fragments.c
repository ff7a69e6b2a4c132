/* Fragments of SIP into two workers, of three senders, in whatever pieces and order, while time passes. What comes to
 * the kernel is one datagram of one sender whose every byte was sent at its place, and of which no byte was sent with
 * two values; no packet buffer is lost, and every fragment is in a datagram or a drop. Input: steps; each names a
 * sender and a datagram of it, a place, a length and what lies there, or lets time pass. */
#include "fuzz.h"

#include "../unit/fast/rig.h"

#define STEPS_MAX 400
#define SENDERS	  3
#define IDS	  4

/* What was sent of a datagram since it was last known to be over. */
struct sent {
	uint8_t value[FRAGMENTS_BYTES + 2048];
	uint8_t seen[FRAGMENTS_BYTES + 2048]; /* 0, 1: so; 2: with two values */
};

static const char *const from[SENDERS] = {"198.51.100.7", "198.51.100.8", "2001:db8:5::7"};
static struct rig rig;
static struct sent sent[SENDERS][IDS];
static unsigned kernel_seen;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	rig_init(&rig, 2);
	return 0;
}

static void remember(struct sent *s, unsigned at, const uint8_t *bytes, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		bool differs = s->seen[at + i] == 1 && s->value[at + i] != bytes[i];
		s->seen[at + i] = differs || s->seen[at + i] == 2 ? 2 : 1;
		s->value[at + i] = bytes[i];
	}
}

/* The frame that came to the kernel: a whole datagram, as it was sent. */
static void judge(void)
{
	const uint8_t *ip = rig.to_kernel + 14;
	bool v6 = ip[0] >> 4 == 6;
	size_t head = v6 ? 40 : 20, len = v6 ? (size_t)(ip[4] << 8 | ip[5]) : (size_t)(ip[2] << 8 | ip[3]) - 20;
	fuzz_check(rig.to_kernel_len >= 14 + head + len, "%u bytes", rig.to_kernel_len);
	if (v6 && ip[6] == IPPROTO_FRAGMENT) {
		/* A whole datagram with a fragment header (RFC 6946), as it came. */
		fuzz_check((ip[42] << 8 | (ip[43] & 1)) == 0 && len >= 8, "still a fragment");
		head += 8;
		len -= 8;
	} else {
		fuzz_check(v6 ? ip[6] == IPPROTO_UDP : ip[6] == 0 && ip[7] == 0, "still a fragment");
	}
	bool found = false;
	for (unsigned sender = 0; sender < SENDERS && !found; sender++)
		for (unsigned id = 0; id < IDS && !found; id++) {
			const struct sent *s = &sent[sender][id];
			struct xf_addr src = v6 ? xf_addr_v6(ip + 8) : xf_addr_v4(ip + 12), is = rig_addr(from[sender]);
			found = xf_addr_eq(&src, &is);
			for (size_t i = 0; i < len && found; i++)
				found = s->seen[i] && (s->seen[i] == 2 || s->value[i] == ip[head + i]);
		}
	fuzz_check(found, "nobody sent this datagram");
}

static void came(void)
{
	for (unsigned w = 0; w < 2; w++)
		worker_flush(rig.worker[w]);
	if (rig.kernel_count > kernel_seen)
		judge();
	fuzz_check(rig.kernel_count <= kernel_seen + 1, "%u datagrams of one fragment", rig.kernel_count - kernel_seen);
	kernel_seen = rig.kernel_count;
}

static void turns(uint64_t ns)
{
	rig.now_ns += ns;
	for (unsigned w = 0; w < 2; w++) {
		worker_turn(rig.worker[w], rig.now_ns);
		came();
	}
}

static void fragment_in(struct fuzz_bytes *in, uint8_t what)
{
	static uint8_t bytes[1480], buf[2048];
	unsigned sender = (what >> 1) % SENDERS, id = what >> 3 & 3;
	uint8_t fill = fuzz_u8(in), how = fuzz_u8(in);
	unsigned at = fuzz_u16(in) % (FRAGMENTS_BYTES + 512) & ~7u, len = fuzz_u16(in) % (sizeof(bytes) + 1);
	bool v6 = sender == 2, more = how & 1;
	if (how & 2)
		len &= ~7u;
	if (how & 4)
		at = at % 3 * 1000;
	memset(bytes, how & 8 ? fill : 0, len);
	if (at == 0 && len >= 8) {
		static const uint8_t sip[8] = {0x13, 0xc4, 0x13, 0xc4};
		memcpy(bytes, sip, 8);
		bytes[4] = fuzz_u8(in); /* the UDP length */
		bytes[5] = fuzz_u8(in);
	}
	remember(&sent[sender][id], at, bytes, len);
	struct frame frame = {
	    .src = from[sender],
	    .dst = v6 ? "2001:db8::1" : "192.0.2.1",
	    .raw = true,
	    .payload = bytes,
	    .payload_len = (uint16_t)len,
	    .ip_id = (uint16_t)id,
	    .frag = v6 ? (uint16_t)(at | more) : (uint16_t)(at / 8 | (more ? 0x2000 : 0)),
	    .frag_header = v6,
	};
	unsigned worker = how >> 4 & 1;
	struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
	worker_receive(rig.worker[worker], 0, &mbuf, 1, rig.now_ns);
	came();
	turns(0);
}

/* All that came went into datagrams, to the kernel, or into drops. */
static void balance(void)
{
	uint64_t in = 0, out = 0;
	for (unsigned w = 0; w < 2; w++) {
		const struct worker_stats *s = worker_stats(rig.worker[w]);
		in += s->rx_packets + s->datagrams;
		out += s->fragments + s->to_kernel;
		fuzz_check(s->fragmented == 0, "%llu held", (unsigned long long)s->fragmented);
	}
	out += rig_all_drops(&rig);
	fuzz_check(in == out, "%llu came, %llu went", (unsigned long long)in, (unsigned long long)out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_bytes in = {data, len};
	memset(sent, 0, sizeof(sent));
	for (unsigned i = 0; i < STEPS_MAX && in.left; i++) {
		uint8_t what = fuzz_u8(&in);
		if ((what & 0xe1) == 0xe1)
			turns(fuzz_u8(&in) * 10 * RIG_MS);
		else
			fragment_in(&in, what);
	}
	turns(FRAGMENTS_NS);
	fuzz_check(rte_mempool_in_use_count(rig.pool) == 0 && rte_mempool_in_use_count(rig.fragments_pool) == 0,
		   "%u packets, %u datagrams leaked", rte_mempool_in_use_count(rig.pool),
		   rte_mempool_in_use_count(rig.fragments_pool));
	balance();
	return 0;
}
