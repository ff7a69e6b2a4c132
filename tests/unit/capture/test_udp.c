#include <criterion/criterion.h>

#include "made.h"

Test(udp, unit_says_all)
{
	struct made made;
	struct got got;
	uint8_t udp[64], packet[128];
	char text[XF_SOCKADDR_STRLEN];
	size_t len = made_udp(udp, 1111, 2222, "one", 3), four, six;

	made_begin(&made, MADE_PCAP_NS, false, 101);
	four = made_ip4(packet, 1, 2, IPPROTO_UDP, 0, 0x4000, udp, len);
	made_packet(&made, MADE_EPOCH, packet, four, four);
	six = made_ip6(packet, 1, 2, IPPROTO_UDP, udp, len);
	made_packet(&made, MADE_EPOCH + 7, packet, six, six);
	got_read(&got, &made);
	cr_assert_eq(got.count, 2);
	const struct capture_unit *unit = got_unit(&got, 0);
	cr_assert(unit->kind == CAPTURE_UDP && unit->number == 1 && unit->ns == MADE_EPOCH && !unit->cut);
	cr_assert_str_eq(xf_sockaddr_format(&unit->from, text), "10.0.0.1:1111");
	cr_assert_str_eq(xf_sockaddr_format(&unit->to, text), "10.0.0.2:2222");
	cr_assert(unit->ttl == 61 && unit->dscp == 46 && unit->ip_len == four);
	unit = got_unit(&got, 1);
	cr_assert_str_eq(xf_sockaddr_format(&unit->from, text), "[2001:db8::1]:1111");
	cr_assert_str_eq(xf_sockaddr_format(&unit->to, text), "[2001:db8::2]:2222");
	cr_assert(unit->ttl == 61 && unit->dscp == 46 && unit->ip_len == six);
	cr_assert(memcmp(unit->ip, packet, six) == 0);
	cr_assert(got_is(&got, 0, "one", 3) && got_is(&got, 1, "one", 3));
	got_free(&got);
	made_free(&made);
}

/* However short, it is counted once and read no further. */
Test(udp, cut_at_every_length)
{
	uint8_t udp[64], ip[96], packet[128];
	size_t len = made_udp(udp, 1111, 2222, "datagram", 8), whole;
	len = made_ip4(ip, 1, 2, IPPROTO_UDP, 0, 0, udp, len);
	whole = made_ether(packet, 0x0800, ip, len);
	for (len = 0; len <= whole; len++) {
		struct made made;
		struct got got;
		made_begin(&made, MADE_PCAP_US, false, 1);
		made_packet(&made, MADE_EPOCH, packet, len, whole);
		got_read(&got, &made);
		cr_assert_eq(got.notes.packets, 1);
		if (len < 14 + 20 + 8) {
			cr_assert(got.count == 0 && got.notes.short_packets == 1, "at %zu", len);
		} else {
			const struct capture_unit *unit = got_unit(&got, 0);
			cr_assert_eq(unit->cut, len < whole);
			cr_assert_eq(!unit->ip, len < whole);
			cr_assert(got_is(&got, 0, "datagram", len - 42), "at %zu", len);
		}
		cr_assert_eq(got.notes.cut, len >= 34 && len < whole, "at %zu", len);
		got_free(&got);
		made_free(&made);
	}
}

Test(udp, wrong_lengths_and_other_protocols)
{
	struct made made;
	struct got got;
	uint8_t udp[64], packet[128];
	size_t len;

	made_begin(&made, MADE_PCAP_NS, false, 101);
	made_udp(udp, 1, 2, "four", 4);
	udp[5] = 7; /* shorter than its header */
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 0, 0, udp, 12);
	made_packet(&made, MADE_EPOCH, packet, len, len);
	udp[5] = 13; /* longer than its packet */
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 0, 0, udp, 12);
	made_packet(&made, MADE_EPOCH, packet, len, len);
	udp[5] = 10; /* shorter than its packet */
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 0, 0, udp, 12);
	made_packet(&made, MADE_EPOCH, packet, len, len);
	udp[5] = 8; /* empty */
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 0, 0, udp, 8);
	made_packet(&made, MADE_EPOCH, packet, len, len);
	len = made_ip4(packet, 1, 2, IPPROTO_ICMP, 0, 0, udp, 12);
	made_packet(&made, MADE_EPOCH, packet, len, len);
	packet[0] = 0x15;
	made_packet(&made, MADE_EPOCH, packet, len, len);
	got_read(&got, &made);
	cr_assert_eq(got.count, 2);
	cr_assert(got_is(&got, 0, "fo", 2) && got_is(&got, 1, "", 0));
	cr_assert_eq(got.notes.short_packets, 2);
	cr_assert_eq(got.notes.other_protocols, 1);
	cr_assert_eq(got.notes.not_ip, 1);
	got_free(&got);
	made_free(&made);
}

Test(udp, extension_headers_of_v6)
{
	/* hop-by-hop, routing, destination options (16 bytes), authentication, then UDP */
	static const uint8_t chain[] = {43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0,  0, 0, 0, 0, 0, 51, 1, 1, 12, 0, 0,
					0,  0, 0, 0, 0, 0, 0, 0, 0,  0, 17, 1, 0, 0, 0, 0, 0,  1, 0, 0,	 0, 2};
	struct made made;
	struct got got;
	uint8_t payload[128], packet[256];
	memcpy(payload, chain, sizeof(chain));
	size_t len = sizeof(chain) + made_udp(payload + sizeof(chain), 5, 6, "far in", 6);
	len = made_ip6(packet, 1, 2, 0, payload, len);
	made_begin(&made, MADE_PCAP_NS, false, 101);
	made_packet(&made, MADE_EPOCH, packet, len, len);
	for (size_t cut = 40; cut < 40 + sizeof(chain) + 8; cut++)
		made_packet(&made, MADE_EPOCH, packet, cut, len);
	got_read(&got, &made);
	cr_assert_eq(got.count, 1);
	cr_assert(got_is(&got, 0, "far in", 6));
	cr_assert_eq(got.notes.short_packets, sizeof(chain) + 8);
	got_free(&got);
	made_free(&made);
}
