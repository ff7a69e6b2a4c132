/* A port in a VLAN takes that VLAN's frames only, whatever they are and whichever way they go. */
#include "fast/rtp.h"
#include "pair.h"

#define KNOWN4 "198.51.100.7"
#define KNOWN6 "2001:db8:5::7"
#define VLAN   20
#define COUNT  8

static struct rig rig;

static const char sip[] = "OPTIONS sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1\r\n"
			  "From: <sip:a@b>;tag=1\r\nTo: <sip:x@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n";

/* What may stand in a tag: identifier, priority and drop eligibility. */
static const struct {
	uint16_t tag;
	bool same; /* VLAN's */
} tags[] = {{VLAN, true}, {0xf000 | VLAN, true}, {0, false}, {0xe000, false}, {VLAN + 1, false}, {0x800 | VLAN, false}};
#define TAGS (sizeof(tags) / sizeof(tags[0]))

/* n RTP packets from their numbers' first on, in one burst. */
static void speak(const char *src, const char *dst, uint16_t seq, unsigned n, uint16_t tag)
{
	struct rte_mbuf *mbufs[COUNT];
	uint8_t buf[2048], rtp[172] = {0x80};
	for (unsigned i = 0; i < n; i++) {
		rtp_write(rtp, 0, false, (uint16_t)(seq + i), (seq + i) * 160u, 7);
		struct frame frame = {.src = src,
				      .sport = 4000,
				      .dst = dst,
				      .dport = 20000,
				      .payload = rtp,
				      .payload_len = sizeof(rtp),
				      .vlan = tag};
		mbufs[i] = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
	}
	worker_receive(rig.worker[0], 0, mbufs, (uint16_t)n, rig.now_ns);
	worker_flush(rig.worker[0]);
}

static void call_up(const char *caller, unsigned local)
{
	struct xf_endpoint_settings settings = rig_settings(caller, 4000);
	struct xf_endpoint_id from = rig_open(&rig, 0, local, 20000, &settings, 1, 1);
	struct xf_endpoint_id to = rig_open(&rig, 0, local, 20002, &settings, 1, 1);
	cr_assert_eq(rig_move(&rig, to, from, 0, false), 0);
}

static void setup(uint16_t vlan)
{
	rig_ports[0].vlan = vlan;
	rig_init(&rig, 1);
	call_up(CALLER, RIG_V4);
	call_up(AGENT6, RIG_V6);
}

/* Whatever the tag, of one that is refused nothing changes: the next one follows. */
static void media(const char *src, const char *dst)
{
	uint16_t seq = 100;
	uint64_t refused = rig_drops(&rig, XF_DROP_OTHER_VLAN);
	for (unsigned i = 0; i < TAGS; i++) {
		uint64_t express = worker_stats(rig.worker[0])->express;
		rig_forget(&rig);
		speak(src, dst, seq, COUNT, tags[i].tag);
		cr_expect_eq(rig.sent_count, tags[i].same ? COUNT : 0, "%s, tag %x: %u", src, tags[i].tag,
			     rig.sent_count);
		refused += tags[i].same ? 0 : COUNT;
		cr_expect_eq(rig_drops(&rig, XF_DROP_OTHER_VLAN), refused, "%s, tag %x", src, tags[i].tag);
		express = worker_stats(rig.worker[0])->express - express;
		/* The first burst has been looked at before its first packet locked the source. */
		cr_expect_eq(express, i == 1 ? COUNT : 0, "%s, tag %x: %u by the express way", src, tags[i].tag,
			     (unsigned)express);
		seq = (uint16_t)(seq + (tags[i].same ? COUNT : 0));
	}
}

Test(vlan, media_of_a_port_in_a_vlan)
{
	setup(VLAN);
	media(CALLER, "192.0.2.1");
	media(AGENT6, "2001:db8::1");
	rig_fini(&rig);
}

Test(vlan, media_of_a_port_in_none)
{
	setup(0);
	for (unsigned i = 0; i < TAGS; i++)
		speak(CALLER, "192.0.2.1", (uint16_t)(100 + i * COUNT), COUNT, tags[i].tag);
	cr_expect_eq(rig.sent_count, TAGS * COUNT);
	cr_expect_eq(worker_stats(rig.worker[0])->express, (TAGS - 1) * COUNT);
	cr_expect_eq(rig_all_drops(&rig), 0);
	rig_fini(&rig);
}

static const struct frame frames[] = {
    {.src = KNOWN4, .dst = "192.0.2.1", .sport = 5060, .dport = 5060, .payload = sip, .payload_len = sizeof(sip) - 1},
    {.src = KNOWN6, .dst = "2001:db8::1", .sport = 5060, .dport = 5060, .payload = sip, .payload_len = sizeof(sip) - 1},
    {.src = KNOWN4, .dst = "192.0.2.1", .sport = 5060, .dport = 5060, .proto = IPPROTO_TCP},
    {.src = "203.0.113.5", .dst = "192.0.2.1", .sport = 99, .dport = 22, .proto = IPPROTO_TCP},
    {.src = "203.0.113.5", .dst = "192.0.2.1", .raw = true, .payload = "\10\0\0\0", .payload_len = 4, .proto = 1},
};
#define FRAMES (sizeof(frames) / sizeof(frames[0]))

/* What of them reaches the kernel. */
static unsigned kernel(void)
{
	unsigned before = rig.kernel_count + rig.urgent_count;
	for (unsigned i = 0; i < TAGS; i++)
		for (unsigned k = 0; k < FRAMES; k++) {
			struct frame frame = frames[k];
			frame.vlan = tags[i].tag;
			rig_receive(&rig, &frame);
		}
	return rig.kernel_count + rig.urgent_count - before;
}

Test(vlan, what_is_for_the_kernel)
{
	setup(VLAN);
	cr_expect_eq(kernel(), 2 * FRAMES);
	cr_expect_eq(rig_drops(&rig, XF_DROP_OTHER_VLAN), (TAGS - 2) * FRAMES);
	cr_expect_eq(worker_stats(rig.worker[0])->scanned[SIP_SCAN_MESSAGE], 4);
	rig_fini(&rig);
}

Test(vlan, what_is_for_the_kernel_of_a_port_in_none)
{
	setup(0);
	cr_expect_eq(kernel(), TAGS * FRAMES);
	cr_expect_eq(rig_all_drops(&rig), 0);
	rig_fini(&rig);
}

/* A request in two fragments of the same identification. */
static uint8_t datagram[1400];

static void fragment(unsigned half, uint16_t port, uint16_t tag, const char *src, const char *dst)
{
	uint8_t buf[2048];
	unsigned at = half * 704, v6 = strchr(src, ':') != NULL;
	struct frame frame = {.src = src,
			      .dst = dst,
			      .raw = true,
			      .payload = datagram + at,
			      .payload_len = (uint16_t)(half ? sizeof(datagram) - at : at + 704),
			      .ip_id = 77,
			      .vlan = tag,
			      .frag = (uint16_t)(v6 ? at | !half : at / 8 | (half ? 0u : 0x2000u))};
	struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
	worker_receive(rig.worker[0], port, &mbuf, 1, rig.now_ns);
	worker_flush(rig.worker[0]);
}

static void request(const char *src, const char *dst)
{
	uint8_t buf[2048];
	char text[sizeof(datagram) - 8];
	memset(text, 'x', sizeof(text));
	memcpy(text, sip, sizeof(sip) - 1);
	struct frame whole = {
	    .src = src, .dst = dst, .sport = 5060, .dport = 5060, .payload = text, .payload_len = sizeof(text)};
	uint16_t len = rig_frame(buf, &whole);
	memcpy(datagram, buf + len - sizeof(datagram), sizeof(datagram));
}

/* Halves that came in different VLANs are never one datagram: neither is whole before its own other half. */
static void never_joined(const char *src, const char *dst, uint16_t port, uint16_t tag)
{
	unsigned before = rig.kernel_count;
	uint64_t drops = rig_all_drops(&rig);
	request(src, dst);
	fragment(0, 0, 0, src, dst);
	fragment(1, port, tag, src, dst);
	cr_expect_eq(rig.kernel_count, before, "%s: joined with port %u, tag %x", src, port, tag);
	cr_expect_eq(worker_stats(rig.worker[0])->fragmented, 2);
	fragment(1, 0, 0, src, dst);
	cr_expect_eq(rig.kernel_count, before + 1);
	fragment(0, port, tag, src, dst);
	cr_expect_eq(rig.kernel_count, before + 2);
	cr_expect_eq(rig_all_drops(&rig), drops);
	cr_expect_eq(worker_stats(rig.worker[0])->fragmented, 0);
}

Test(vlan, fragments)
{
	static const char *const ways[][2] = {{KNOWN4, "192.0.2.1"}, {KNOWN6, "2001:db8::1"}};
	setup(0);
	for (unsigned i = 0; i < 2; i++) {
		never_joined(ways[i][0], ways[i][1], 0, VLAN);
		never_joined(ways[i][0], ways[i][1], 1, VLAN);
		/* A tag with a priority alone is no VLAN (IEEE 802.1Q), and ports are no networks: these are joined. */
		unsigned before = rig.kernel_count;
		for (uint16_t port = 0; port < 2; port++) {
			fragment(0, 0, 0, ways[i][0], ways[i][1]);
			fragment(1, port, 0xe000, ways[i][0], ways[i][1]);
			cr_expect_eq(rig.kernel_count, before + 1 + port);
		}
	}
	rig_fini(&rig);
}
