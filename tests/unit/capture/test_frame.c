#include <criterion/criterion.h>

#include <pcap/dlt.h>

#include "made.h"

struct layer {
	const char *name;
	int link;
	uint8_t header[32];
	size_t len;
	unsigned version;
};

static const struct layer layers[] = {
    {"ethernet, v4", DLT_EN10MB, {[12] = 0x08, 0x00}, 14, 4},
    {"ethernet, v6", DLT_EN10MB, {[12] = 0x86, 0xdd}, 14, 6},
    {"802.1Q", DLT_EN10MB, {[12] = 0x81, 0, 0, 7, 0x08, 0}, 18, 4},
    {"802.1ad over 802.1Q", DLT_EN10MB, {[12] = 0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 0x86, 0xdd}, 22, 6},
    {"old QinQ", DLT_EN10MB, {[12] = 0x91, 0, 0, 7, 0x81, 0, 0, 8, 0x08, 0}, 22, 4},
    {"cooked v1, v4", DLT_LINUX_SLL, {[14] = 0x08, 0x00}, 16, 4},
    {"cooked v1, v6", DLT_LINUX_SLL, {[14] = 0x86, 0xdd}, 16, 6},
    {"cooked v1, tag", DLT_LINUX_SLL, {[14] = 0x81, 0, 0, 7, 0x08, 0}, 20, 4},
    {"cooked v2, v4", DLT_LINUX_SLL2, {0x08, 0x00}, 20, 4},
    {"cooked v2, v6", DLT_LINUX_SLL2, {0x86, 0xdd}, 20, 6},
    {"raw, v4", DLT_RAW, {0}, 0, 4},
    {"raw, v6", DLT_RAW, {0}, 0, 6},
    {"raw v4", DLT_IPV4, {0}, 0, 4},
    {"raw v6", DLT_IPV6, {0}, 0, 6},
    {"null, little, v4", DLT_NULL, {2, 0, 0, 0}, 4, 4},
    {"null, big, v4", DLT_NULL, {0, 0, 0, 2}, 4, 4},
    {"null, little, v6 of FreeBSD", DLT_NULL, {28, 0, 0, 0}, 4, 6},
    {"null, big, v6 of OpenBSD", DLT_NULL, {0, 0, 0, 24}, 4, 6},
    {"null, v6 of Darwin", DLT_NULL, {30, 0, 0, 0}, 4, 6},
    {"null, v6 of Linux", DLT_NULL, {10, 0, 0, 0}, 4, 6},
    {"loopback, v4", DLT_LOOP, {0, 0, 0, 2}, 4, 4},
    {"loopback, v6", DLT_LOOP, {0, 0, 0, 30}, 4, 6},
};
#define LAYERS (sizeof(layers) / sizeof(layers[0]))

static size_t frame_of(const struct layer *layer, uint8_t *frame)
{
	uint8_t udp[32];
	size_t len = made_udp(udp, 1000, 2000, "hello, frame", 12);
	memcpy(frame, layer->header, layer->len);
	if (layer->version == 4)
		len = made_ip4(frame + layer->len, 1, 2, IPPROTO_UDP, 0, 0, udp, len);
	else
		len = made_ip6(frame + layer->len, 1, 2, IPPROTO_UDP, udp, len);
	return layer->len + len;
}

Test(frame, every_link_layer)
{
	for (size_t i = 0; i < LAYERS; i++) {
		uint8_t frame[256] = {0};
		const uint8_t *ip;
		size_t len = frame_of(&layers[i], frame), ip_len;
		bool cut;
		cr_assert(capture_link_known(layers[i].link));
		/* Ethernet's padding is no part of the packet. */
		cr_assert_eq(capture_frame(layers[i].link, frame, len + 6, &ip, &ip_len, &cut), CAPTURE_FRAME_IP, "%s",
			     layers[i].name);
		cr_assert_eq(ip, frame + layers[i].len, "%s", layers[i].name);
		cr_assert_eq(ip_len, len - layers[i].len, "%s", layers[i].name);
		cr_assert(!cut, "%s", layers[i].name);
	}
	cr_assert(!capture_link_known(DLT_IEEE802_11) && !capture_link_known(-1));
}

/* SHORT within headers, cut within the payload, never a byte beyond. */
Test(frame, cut_at_every_length)
{
	for (size_t i = 0; i < LAYERS; i++) {
		uint8_t frame[256] = {0};
		size_t whole = frame_of(&layers[i], frame), ip_len;
		size_t headers = layers[i].len + (layers[i].version == 4 ? 20 : 40);
		for (size_t len = 0; len < whole; len++) {
			uint8_t *exact = malloc(len ? len : 1);
			const uint8_t *ip;
			bool cut = false;
			memcpy(exact, frame, len);
			enum capture_frame is = capture_frame(layers[i].link, exact, len, &ip, &ip_len, &cut);
			if (len < headers)
				cr_assert_eq(is, CAPTURE_FRAME_SHORT, "%s at %zu", layers[i].name, len);
			else
				cr_assert(is == CAPTURE_FRAME_IP && cut && ip_len == len - layers[i].len, "%s at %zu",
					  layers[i].name, len);
			free(exact);
		}
	}
}

Test(frame, what_is_not_ip)
{
	static const struct {
		const char *name;
		int link;
		uint8_t frame[64];
		size_t len;
		enum capture_frame is;
	} cases[] = {
	    {"ARP", DLT_EN10MB, {[12] = 0x08, 0x06}, 60, CAPTURE_FRAME_OTHER},
	    {"LLC", DLT_EN10MB, {[12] = 0, 38}, 60, CAPTURE_FRAME_OTHER},
	    {"v6 where the link says v4", DLT_EN10MB, {[12] = 0x08, 0, 0x60}, 60, CAPTURE_FRAME_OTHER},
	    {"v4 where the link says v6", DLT_EN10MB, {[12] = 0x86, 0xdd, 0x45}, 60, CAPTURE_FRAME_OTHER},
	    {"version 5", DLT_RAW, {0x55}, 60, CAPTURE_FRAME_OTHER},
	    {"v4 header of 16 bytes", DLT_RAW, {0x44}, 60, CAPTURE_FRAME_OTHER},
	    {"v4 with options cut", DLT_RAW, {0x4f, [3] = 60}, 59, CAPTURE_FRAME_SHORT},
	    {"v4 shorter than its header", DLT_RAW, {0x45, [3] = 19}, 60, CAPTURE_FRAME_OTHER},
	    {"family 7", DLT_NULL, {7}, 60, CAPTURE_FRAME_OTHER},
	    {"tag cut", DLT_EN10MB, {[12] = 0x81, 0, 0}, 15, CAPTURE_FRAME_SHORT},
	    {"unknown link", DLT_IEEE802_11, {0x45}, 60, CAPTURE_FRAME_OTHER},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *ip;
		size_t ip_len;
		bool cut;
		cr_expect_eq(capture_frame(cases[i].link, cases[i].frame, cases[i].len, &ip, &ip_len, &cut),
			     cases[i].is, "%s", cases[i].name);
	}
}

Test(frame, tags_are_bounded)
{
	uint8_t frame[256] = {0};
	const uint8_t *ip;
	size_t ip_len;
	bool cut;
	for (unsigned tags = 8; tags <= 9; tags++) {
		memset(frame, 0, sizeof(frame));
		for (unsigned i = 0; i < tags; i++)
			frame[12 + 4 * i] = 0x81;
		frame[12 + 4 * tags] = 0x08;
		frame[14 + 4 * tags] = 0x45;
		frame[17 + 4 * tags] = 20;
		cr_assert_eq(capture_frame(DLT_EN10MB, frame, sizeof(frame), &ip, &ip_len, &cut),
			     tags == 8 ? CAPTURE_FRAME_IP : CAPTURE_FRAME_OTHER);
	}
}

/* A card that cuts packets into segments itself fills the length in later. */
Test(frame, length_zero_is_what_is_there)
{
	uint8_t frame[80] = {0x45};
	const uint8_t *ip;
	size_t ip_len;
	bool cut;
	cr_assert_eq(capture_frame(DLT_RAW, frame, 80, &ip, &ip_len, &cut), CAPTURE_FRAME_IP);
	cr_assert(ip_len == 80 && !cut);
	frame[0] = 0x60;
	cr_assert_eq(capture_frame(DLT_RAW, frame, 80, &ip, &ip_len, &cut), CAPTURE_FRAME_IP);
	cr_assert(ip_len == 80 && !cut);
	frame[6] = IPPROTO_NONE;
	cr_assert_eq(capture_frame(DLT_RAW, frame, 80, &ip, &ip_len, &cut), CAPTURE_FRAME_IP);
	cr_assert(ip_len == 40 && !cut);
}
