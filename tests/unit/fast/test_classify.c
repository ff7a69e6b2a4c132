#include "fast/classify.h"
#include "rig.h"

#define KNOWN4	  "198.51.100.7"
#define STRANGER4 "203.0.113.5"
#define GUEST4	  "203.0.113.99"
#define KNOWN6	  "2001:db8:5::7"
#define STRANGER6 "2001:db8:66::5"
#define MF	  0x2000

enum { KERNEL = -1, URGENT = -2, MEDIA = -3, SIP = -4, FRAGMENT = -5 };

static const uint8_t mac_other[6] = {2, 9, 9, 9, 9, 9}, mac_multicast[6] = {0x33, 0x33, 0, 0, 0, 1},
		     mac_broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t invite[64] = "INVITE sip:a@b SIP/2.0\r\n";
static const uint8_t zeros[64];

/* IPv4: no-operation, record route, end. Bad: option longer than the header. */
static const uint8_t options_ok[8] = {1, 7, 6, 4, 0, 0, 0, 0}, options_bad[4] = {7, 9, 4, 0},
		     options_short[4] = {7, 1, 4, 0};
/* Loose and strict source route by way of us to our SIP address. */
static const uint8_t options_loose[8] = {1, 131, 7, 4, 192, 0, 2, 5}, options_strict[8] = {1, 137, 7, 4, 192, 0, 2, 5};
/* IPv6: hop-by-hop then destination options then UDP. */
static const uint8_t chain_udp[16] = {IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0, IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t chain_tcp[8] = {IPPROTO_TCP, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t chain_icmp[8] = {IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
static const uint8_t chain_long[8] = {IPPROTO_UDP, 200, 1, 4, 0, 0, 0, 0};
static const uint8_t chain_hop_late[16] = {IPPROTO_HOPOPTS, 0, 1, 4, 0, 0, 0, 0, IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t chain_routed[24] = {IPPROTO_UDP, 2, 2, 1};
static const uint8_t chain_arrived[24] = {IPPROTO_UDP, 2, 2, 0};
static const uint8_t chain_ah[16] = {IPPROTO_UDP, 2};
static const uint8_t before_fragment[8] = {IPPROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0};
/* Inside a fragment: a destination options header, then UDP to 5060; and one cut off. */
static const uint8_t dest_udp_sip[24] = {IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0, 0x13, 0xc4, 0x13, 0xc4, 1, 0};
static const uint8_t dest_icmp[24] = {IPPROTO_ICMPV6, 0, 1, 4, 0, 0, 0, 0, 128};
static const uint8_t dest_cut[8] = {IPPROTO_UDP, 4, 1, 4, 0, 0, 0, 0};
static const uint8_t tcp_short[8] = {0x13, 0xc4, 0x13, 0xc4};

#define UDP4(s, d, p) .src = (s), .dst = (d), .sport = 5060, .dport = (p), .payload = invite, .payload_len = 64

static const struct {
	const char *name;
	struct frame frame;
	int expect; /* enum above, or an xf_drop */
	uint16_t peer;
} cases[] = {
    {"media v4", {UDP4(STRANGER4, "192.0.2.1", 16384)}, MEDIA},
    {"media v4, last port", {UDP4(STRANGER4, "192.0.2.9", 32767)}, MEDIA},
    {"media v6", {UDP4(STRANGER6, "2001:db8::1", 20000)}, MEDIA},
    {"media with a tag", {UDP4(STRANGER4, "192.0.2.1", 16384), .vlan = 7}, MEDIA},
    {"media with options", {UDP4(STRANGER4, "192.0.2.1", 16384), .options = options_ok, .options_len = 8}, MEDIA},
    {"media v6 behind a chain",
     {UDP4(STRANGER6, "2001:db8::1", 20000), .options = chain_udp, .options_len = 16, .options_first = IPPROTO_HOPOPTS},
     MEDIA},
    {"media v6, atomic fragment", {UDP4(STRANGER6, "2001:db8::1", 20000), .frag_header = true}, MEDIA},
    {"media v6, last segment",
     {UDP4(STRANGER6, "2001:db8::1", 20000), .options = chain_arrived, .options_len = 24,
      .options_first = IPPROTO_ROUTING},
     MEDIA},
    {"media v6 behind AH",
     {UDP4(STRANGER6, "2001:db8::1", 20000), .options = chain_ah, .options_len = 16, .options_first = IPPROTO_AH},
     MEDIA},
    {"media v6 without checksum", {UDP4(STRANGER6, "2001:db8::1", 20000), .no_checksum = true}, XF_DROP_UDP_CHECKSUM},
    {"media v4 without checksum", {UDP4(STRANGER4, "192.0.2.1", 20000), .no_checksum = true}, MEDIA},
    {"below the range", {UDP4(STRANGER4, "192.0.2.9", 16383)}, KERNEL, SOURCE_PEER_NONE},
    {"above the range", {UDP4(STRANGER4, "192.0.2.9", 32768)}, KERNEL, SOURCE_PEER_NONE},
    {"media range, no media address", {UDP4(STRANGER4, "192.0.2.5", 20000)}, KERNEL, SOURCE_PEER_NONE},

    {"other MAC", {UDP4(STRANGER4, "192.0.2.1", 16384), .dst_mac = mac_other}, XF_DROP_OTHER_MAC},
    {"broadcast", {UDP4(STRANGER4, "192.0.2.77", 67), .dst_mac = mac_broadcast}, KERNEL, SOURCE_PEER_NONE},
    {"multicast ND",
     {.src = STRANGER6,
      .dst = "ff02::1",
      .proto = IPPROTO_ICMPV6,
      .raw = true,
      .payload = zeros,
      .payload_len = 24,
      .dst_mac = mac_multicast},
     URGENT},
    {"options bad",
     {UDP4(STRANGER4, "192.0.2.1", 16384), .options = options_bad, .options_len = 4},
     XF_DROP_IP_INVALID},
    {"option of length 1",
     {UDP4(STRANGER4, "192.0.2.1", 16384), .options = options_short, .options_len = 4},
     XF_DROP_IP_INVALID},
    {"loose source route",
     {UDP4(STRANGER4, "192.0.2.77", 5060), .options = options_loose, .options_len = 8},
     XF_DROP_IP_INVALID},
    {"strict source route",
     {UDP4(KNOWN4, "192.0.2.1", 5060), .options = options_strict, .options_len = 8},
     XF_DROP_IP_INVALID},
    {"source multicast", {UDP4("224.0.0.1", "192.0.2.1", 16384)}, XF_DROP_IP_INVALID},
    {"source loopback", {UDP4("127.0.0.1", "192.0.2.1", 5060)}, XF_DROP_IP_INVALID},
    {"source loopback v6", {UDP4("::1", "2001:db8::1", 5060)}, XF_DROP_IP_INVALID},
    {"source multicast v6", {UDP4("ff02::5", "2001:db8::1", 5060)}, XF_DROP_IP_INVALID},
    {"header longer than the packet",
     {UDP4(STRANGER6, "2001:db8::1", 20000), .options = chain_long, .options_len = 8, .options_first = IPPROTO_DSTOPTS},
     XF_DROP_RUNT},
    {"hop-by-hop not first",
     {UDP4(STRANGER6, "2001:db8::1", 20000), .options = chain_hop_late, .options_len = 16,
      .options_first = IPPROTO_DSTOPTS},
     XF_DROP_IP_INVALID},
    {"segments left",
     {UDP4(KNOWN6, "2001:db8::1", 5060), .options = chain_routed, .options_len = 24, .options_first = IPPROTO_ROUTING},
     XF_DROP_IP_INVALID},

    {"SIP, known", {UDP4(KNOWN4, "192.0.2.1", 5060)}, SIP, 1},
    {"SIP, known, tag", {UDP4(KNOWN4, "192.0.2.1", 5060), .vlan = 9}, SIP, 1},
    {"SIP, known v6", {UDP4(KNOWN6, "2001:db8::1", 5060)}, SIP, 2},
    {"SIP, admitted", {UDP4(GUEST4, "192.0.2.1", 5060)}, SIP, XF_PEER_TARGETS},
    {"SIP, stranger", {UDP4(STRANGER4, "192.0.2.1", 5060)}, XF_DROP_SIP_SOURCE},
    {"SIP, stranger with options",
     {UDP4(STRANGER4, "192.0.2.1", 5060), .options = options_ok, .options_len = 8},
     XF_DROP_SIP_SOURCE},
    {"SIP, stranger, SIP-only address", {UDP4(STRANGER4, "192.0.2.5", 5060)}, XF_DROP_SIP_SOURCE},
    {"SIP, stranger v6", {UDP4(STRANGER6, "2001:db8::1", 5060)}, XF_DROP_SIP_SOURCE},
    {"SIP, stranger v6, chain",
     {UDP4(STRANGER6, "2001:db8::1", 5060), .options = chain_udp, .options_len = 16, .options_first = IPPROTO_HOPOPTS},
     XF_DROP_SIP_SOURCE},
    {"SIP, stranger v6, atomic fragment",
     {UDP4(STRANGER6, "2001:db8::1", 5060), .frag_header = true},
     XF_DROP_SIP_SOURCE},
    {"SIP, stranger, multicast MAC",
     {UDP4(STRANGER4, "192.0.2.1", 5060), .dst_mac = mac_broadcast},
     XF_DROP_SIP_SOURCE},
    {"SIP port elsewhere", {UDP4(STRANGER4, "192.0.2.77", 5060)}, KERNEL, SOURCE_PEER_NONE},
    {"SIP TCP, known", {UDP4(KNOWN4, "192.0.2.1", 5060), .proto = IPPROTO_TCP}, KERNEL, 1},
    {"SIP TCP, admitted", {UDP4(GUEST4, "192.0.2.1", 5060), .proto = IPPROTO_TCP}, KERNEL, XF_PEER_TARGETS},
    {"SIP TCP, stranger", {UDP4(STRANGER4, "192.0.2.1", 5060), .proto = IPPROTO_TCP}, XF_DROP_SIP_TCP_SOURCE},
    {"SIP TCP, stranger v6, chain",
     {UDP4(STRANGER6, "2001:db8::1", 5060), .proto = IPPROTO_TCP, .options = chain_tcp, .options_len = 8,
      .options_first = IPPROTO_DSTOPTS},
     XF_DROP_SIP_TCP_SOURCE},
    {"SSH", {UDP4(STRANGER4, "192.0.2.1", 22), .proto = IPPROTO_TCP}, KERNEL, SOURCE_PEER_NONE},
    {"BGP", {UDP4(STRANGER4, "192.0.2.1", 179), .proto = IPPROTO_TCP}, URGENT},
    {"ICMP", {UDP4(STRANGER4, "192.0.2.1", 0), .proto = IPPROTO_ICMP, .raw = true}, URGENT},
    {"OSPF", {UDP4(STRANGER4, "192.0.2.1", 0), .proto = 89, .raw = true}, URGENT},
    {"VRRP", {UDP4(STRANGER4, "192.0.2.1", 0), .proto = 112, .raw = true}, URGENT},
    {"MLD",
     {.src = STRANGER6,
      .dst = "ff02::16",
      .proto = IPPROTO_ICMPV6,
      .raw = true,
      .payload = zeros,
      .payload_len = 24,
      .options = chain_icmp,
      .options_len = 8,
      .options_first = IPPROTO_HOPOPTS,
      .dst_mac = mac_multicast},
     URGENT},
    {"GRE", {UDP4(STRANGER4, "192.0.2.1", 0), .proto = 47, .raw = true}, KERNEL, SOURCE_PEER_NONE},
    {"TCP header cut off",
     {.src = KNOWN4, .dst = "192.0.2.1", .proto = IPPROTO_TCP, .raw = true, .payload = tcp_short, .payload_len = 8},
     XF_DROP_RUNT},

    /* A fragmented INVITE: by a stranger none of its fragments, whatever their order; by a known source all. */
    {"last fragment, stranger", {UDP4(STRANGER4, "192.0.2.1", 0), .raw = true, .frag = 100}, XF_DROP_FRAGMENT_SOURCE},
    {"first fragment, stranger", {UDP4(STRANGER4, "192.0.2.1", 5060), .frag = MF}, XF_DROP_FRAGMENT_SOURCE},
    {"middle fragment, stranger",
     {UDP4(STRANGER4, "192.0.2.1", 0), .raw = true, .frag = MF | 50},
     XF_DROP_FRAGMENT_SOURCE},
    {"last fragment, known", {UDP4(KNOWN4, "192.0.2.1", 0), .raw = true, .frag = 100}, FRAGMENT, 1},
    {"first fragment, known", {UDP4(KNOWN4, "192.0.2.1", 5060), .frag = MF}, FRAGMENT, 1},
    {"last fragment, admitted", {UDP4(GUEST4, "192.0.2.1", 0), .raw = true, .frag = 100}, FRAGMENT, XF_PEER_TARGETS},
    {"first fragment of DNS, known", {UDP4(KNOWN4, "192.0.2.1", 3000), .frag = MF}, FRAGMENT, 1},
    {"last fragment, known, TCP",
     {UDP4(KNOWN4, "192.0.2.1", 0), .raw = true, .frag = 100, .proto = IPPROTO_TCP},
     KERNEL,
     1},
    {"last fragment, known, ICMP",
     {UDP4(KNOWN4, "192.0.2.1", 0), .raw = true, .frag = 100, .proto = IPPROTO_ICMP},
     URGENT},
    {"last fragment v6, known, behind a chain",
     {UDP4(KNOWN6, "2001:db8::1", 0), .raw = true, .frag = 800, .proto = IPPROTO_DSTOPTS},
     FRAGMENT,
     2},
    {"first fragment v6, known, ICMP behind a chain",
     {.src = KNOWN6,
      .dst = "2001:db8::1",
      .frag = 1,
      .proto = IPPROTO_DSTOPTS,
      .raw = true,
      .payload = dest_icmp,
      .payload_len = 24},
     FRAGMENT,
     2},
    {"last fragment, stranger, TCP",
     {UDP4(STRANGER4, "192.0.2.1", 0), .raw = true, .frag = 100, .proto = IPPROTO_TCP},
     XF_DROP_FRAGMENT_SOURCE},
    {"first fragment, stranger, options",
     {UDP4(STRANGER4, "192.0.2.1", 5060), .frag = MF, .options = options_ok, .options_len = 8},
     XF_DROP_FRAGMENT_SOURCE},
    {"last fragment, stranger, SIP-only address",
     {UDP4(STRANGER4, "192.0.2.5", 0), .raw = true, .frag = 100},
     XF_DROP_FRAGMENT_SOURCE},
    {"last fragment v6, stranger",
     {UDP4(STRANGER6, "2001:db8::1", 0), .raw = true, .frag = 800},
     XF_DROP_FRAGMENT_SOURCE},
    {"first fragment v6, stranger", {UDP4(STRANGER6, "2001:db8::1", 5060), .frag = 1}, XF_DROP_FRAGMENT_SOURCE},
    {"first fragment v6, stranger, chain before",
     {UDP4(STRANGER6, "2001:db8::1", 5060), .frag = 1, .options = before_fragment, .options_len = 8,
      .options_first = IPPROTO_DSTOPTS},
     XF_DROP_FRAGMENT_SOURCE},
    {"first fragment v6, stranger, chain inside",
     {.src = STRANGER6,
      .dst = "2001:db8::1",
      .frag = 1,
      .proto = IPPROTO_DSTOPTS,
      .raw = true,
      .payload = dest_udp_sip,
      .payload_len = 24},
     XF_DROP_FRAGMENT_SOURCE},
    {"first fragment v6, stranger, chain cut off",
     {.src = STRANGER6,
      .dst = "2001:db8::1",
      .frag = 1,
      .proto = IPPROTO_DSTOPTS,
      .raw = true,
      .payload = dest_cut,
      .payload_len = 8},
     XF_DROP_FRAGMENT_SOURCE},
    {"last fragment v6, stranger, behind a chain",
     {UDP4(STRANGER6, "2001:db8::1", 0), .raw = true, .frag = 800, .proto = IPPROTO_DSTOPTS},
     XF_DROP_FRAGMENT_SOURCE},
    {"last fragment v6, known", {UDP4(KNOWN6, "2001:db8::1", 0), .raw = true, .frag = 800}, FRAGMENT, 2},
    {"first fragment v6, known", {UDP4(KNOWN6, "2001:db8::1", 5060), .frag = 1}, FRAGMENT, 2},
    {"fragment of ICMP, stranger",
     {UDP4(STRANGER4, "192.0.2.1", 0), .raw = true, .frag = 100, .proto = IPPROTO_ICMP},
     URGENT},
    {"first fragment of DNS, stranger", {UDP4(STRANGER4, "192.0.2.1", 3000), .frag = MF}, KERNEL, SOURCE_PEER_NONE},
    {"fragment to no address of ours",
     {UDP4(STRANGER4, "192.0.2.77", 0), .raw = true, .frag = 100},
     KERNEL,
     SOURCE_PEER_NONE},
    {"beyond 65,535", {UDP4(KNOWN4, "192.0.2.1", 0), .raw = true, .frag = 8190}, XF_DROP_IP_INVALID},

    {"media fragment, first", {UDP4(KNOWN4, "192.0.2.1", 20000), .frag = MF}, XF_DROP_MEDIA_FRAGMENT},
    {"media fragment, first v6", {UDP4(KNOWN6, "2001:db8::1", 20000), .frag = 1}, XF_DROP_MEDIA_FRAGMENT},
    {"media fragment, later", {UDP4(KNOWN4, "192.0.2.9", 0), .raw = true, .frag = 100}, XF_DROP_MEDIA_FRAGMENT},
    {"media fragment, later v6", {UDP4(KNOWN6, "2001:db8::9", 0), .raw = true, .frag = 800}, XF_DROP_MEDIA_FRAGMENT},
};

Test(classify, verdicts)
{
	struct rig rig;
	uint8_t buf[2048];
	rig_init(&rig, 1);
	struct classify_tables tables = {rig.flows, rig.sources, rig.admitted};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p;
		uint16_t len = rig_frame(buf, &cases[i].frame);
		struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, len);
		classify(&p, mbuf, &rig_ports[0], &tables);
		int got = p.verdict == VERDICT_DROP	  ? p.drop
			  : p.verdict == VERDICT_MEDIA	  ? MEDIA
			  : p.verdict == VERDICT_SIP	  ? SIP
			  : p.verdict == VERDICT_FRAGMENT ? FRAGMENT
			  : p.verdict == VERDICT_KERNEL	  ? KERNEL
							  : URGENT;
		cr_expect_eq(got, cases[i].expect, "%s: got %d (%s), not %d", cases[i].name, got,
			     got >= 0 ? xf_drop_name((unsigned)got) : "verdict", cases[i].expect);
		if (got == KERNEL || got == SIP || got == FRAGMENT)
			cr_expect_eq(p.peer, cases[i].peer, "%s: peer %u", cases[i].name, p.peer);
		rte_pktmbuf_free(mbuf);
	}
	rig_fini(&rig);
}

/* What a media packet says of itself. */
Test(classify, media_fields)
{
	struct rig rig;
	uint8_t buf[2048];
	struct packet p;
	rig_init(&rig, 1);
	struct classify_tables tables = {rig.flows, rig.sources, rig.admitted};
	struct frame frame = {UDP4(STRANGER6, "2001:db8::1", 20001), .vlan = 5};
	struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
	classify(&p, mbuf, &rig_ports[0], &tables);
	cr_expect_eq(p.verdict, VERDICT_MEDIA);
	cr_expect_eq(p.index, xf_endpoint_index(RIG_V6, 20000));
	cr_expect(p.rtcp_port);
	cr_expect_eq(p.l3, 18);
	cr_expect_eq(p.payload, 18 + 40 + 8);
	cr_expect_eq(p.payload_len, 64);
	struct xf_sockaddr src = rig_sockaddr(STRANGER6, 5060), dst = rig_sockaddr("2001:db8::1", 20001);
	cr_expect(xf_sockaddr_eq(&p.src, &src));
	cr_expect(xf_sockaddr_eq(&p.dst, &dst));
	/* The NIC found the checksum bad. */
	mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
	classify(&p, mbuf, &rig_ports[0], &tables);
	cr_expect_eq(p.verdict, VERDICT_DROP);
	cr_expect_eq(p.drop, XF_DROP_UDP_CHECKSUM);
	rte_pktmbuf_free(mbuf);
	rig_fini(&rig);
}

/* Each frame, cut to every length and with every header byte set to some values: no byte beyond its end is read (the
 * frame ends at the end of a heap block, so the sanitizers see it), and media never goes to the kernel. */
Test(classify, cut_and_broken)
{
	static const uint8_t values[] = {0x00, 0x01, 0x2c, 0x3c, 0x45, 0x60, 0x7f, 0x80, 0xff};
	struct rig rig;
	uint8_t buf[2048];
	rig_init(&rig, 1);
	struct classify_tables tables = {rig.flows, rig.sources, rig.admitted};
	unsigned runts = 0;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t len = rig_frame(buf, &cases[i].frame);
		for (uint16_t cut = 0; cut <= len; cut++) {
			uint8_t *end = malloc(cut ? cut : 1);
			memcpy(end, buf, cut);
			struct rte_mbuf fake = {.buf_addr = end, .data_len = cut, .pkt_len = cut, .nb_segs = 1};
			struct packet p;
			classify(&p, &fake, &rig_ports[0], &tables);
			runts += p.verdict == VERDICT_DROP && p.drop == XF_DROP_RUNT;
			for (unsigned v = 0; cut == len && v < sizeof(values); v++) {
				for (uint16_t at = 12; at < len && at < 90; at++) {
					uint8_t was = end[at];
					end[at] = values[v];
					classify(&p, &fake, &rig_ports[0], &tables);
					if (p.verdict == VERDICT_MEDIA)
						cr_assert_leq(p.payload + p.payload_len, len);
					end[at] = was;
				}
			}
			free(end);
		}
	}
	cr_expect_gt(runts, 1000u);
	rig_fini(&rig);
}

Test(classify, ethernet)
{
	static const struct {
		const char *name;
		uint8_t bytes[20];
		int expect;
	} frames[] = {
	    {"ARP", {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 0x08, 0x06}, URGENT},
	    {"LLDP", {1, 0x80, 0xc2, 0, 0, 14, 2, 0, 0, 0, 0, 9, 0x88, 0xcc}, KERNEL},
	    {"two tags", {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x81, 0, 0, 1, 0x81, 0, 0, 2}, XF_DROP_IP_INVALID},
	    {"IPv4 without a header", {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0, 0x45}, XF_DROP_RUNT},
	};
	struct rig rig;
	rig_init(&rig, 1);
	struct classify_tables tables = {rig.flows, rig.sources, rig.admitted};
	for (unsigned i = 0; i < 4; i++) {
		struct packet p;
		struct rte_mbuf *mbuf = rig_mbuf(&rig, frames[i].bytes, 20);
		classify(&p, mbuf, &rig_ports[0], &tables);
		int got = p.verdict == VERDICT_DROP ? p.drop : p.verdict == VERDICT_KERNEL ? KERNEL : URGENT;
		cr_expect_eq(got, frames[i].expect, "%s: %d", frames[i].name, got);
		rte_pktmbuf_free(mbuf);
	}
	rig_fini(&rig);
}

Test(classify, ipv4_checksum)
{
	struct rig rig;
	uint8_t buf[2048];
	struct packet p;
	rig_init(&rig, 1);
	struct classify_tables tables = {rig.flows, rig.sources, rig.admitted};
	struct frame frame = {UDP4(STRANGER4, "192.0.2.1", 20000)};
	struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
	for (unsigned at = 14; at < 34; at++) {
		uint8_t *byte = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, at);
		*byte ^= 0x01;
		classify(&p, mbuf, &rig_ports[0], &tables);
		cr_expect_eq(p.verdict, VERDICT_DROP, "byte %u", at);
		*byte ^= 0x01;
	}
	classify(&p, mbuf, &rig_ports[0], &tables);
	cr_expect_eq(p.verdict, VERDICT_MEDIA);
	rte_pktmbuf_free(mbuf);
	rig_fini(&rig);
}
