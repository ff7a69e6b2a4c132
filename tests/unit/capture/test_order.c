#include <criterion/criterion.h>

#include "made.h"

static void put(struct made *made, uint64_t ns, unsigned name)
{
	uint8_t udp[32], packet[64], text = (uint8_t)name;
	size_t len = made_udp(udp, 1, 2, &text, 1);
	len = made_ip4(packet, 1, 2, IPPROTO_UDP, 0, 0, udp, len);
	made_packet(made, ns, packet, len, len);
}

/* times: in ms, as the packets stand in the file; expected: packet names ('a' is the first) as they come out. */
static void check(const int *times, unsigned count, const char *expected, unsigned late)
{
	struct made made;
	struct got got;
	char came[64] = "";
	made_begin(&made, MADE_PCAP_NS, false, 101);
	for (unsigned i = 0; i < count; i++)
		put(&made, MADE_EPOCH + (uint64_t)times[i] * 1000000, 'a' + i);
	got_read(&got, &made);
	cr_assert_eq(got.count, count);
	for (unsigned i = 0; i < count; i++)
		came[i] = (char)got_unit(&got, i)->data[0];
	cr_assert_str_eq(came, expected);
	cr_assert_eq(got.notes.out_of_order, late, "%s: %lu", expected, (unsigned long)got.notes.out_of_order);
	got_free(&got);
	made_free(&made);
}

#define CHECK(expected, late, ...)                                                                                     \
	check((int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / sizeof(int), expected, late)

Test(order, within_a_second)
{
	CHECK("abcd", 0, 0, 10, 20, 30);
	CHECK("acbd", 1, 0, 20, 10, 30);
	CHECK("eabcd", 1, 100, 110, 120, 130, 0);
	CHECK("fedcba", 5, 500, 400, 300, 200, 100, 0);
	CHECK("abc", 0, 5, 5, 5);
	CHECK("adbce", 1, 0, 900, 1000, 0, 2500);
	CHECK("abdcfe", 2, 0, 1500, 2500, 1600, 9000, 8000);
}

/* A second exactly is put in order; more is another order, each in itself. */
Test(order, beyond_a_second)
{
	CHECK("ba", 1, 1000, 0);
	CHECK("ab", 1, 1001, 0);
	CHECK("abdce", 2, 100000, 100500, 50, 0, 60);
	CHECK("abc", 1, 0, 5000000, 10);
}

Test(order, random_times_come_sorted)
{
	struct made made;
	struct got got;
	uint64_t state = 1, before = 0, base = MADE_EPOCH;
	made_begin(&made, MADE_PCAP_NS, false, 101);
	for (unsigned i = 0; i < 20000; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		base += 100000;
		put(&made, base + (state >> 33) % 900000000, i);
	}
	got_read(&got, &made);
	cr_assert_eq(got.count, 20000);
	cr_assert_gt(got.notes.out_of_order, 1000);
	for (const struct got_unit *unit = got.first; unit; unit = unit->next) {
		cr_assert_geq(unit->unit.ns, before);
		before = unit->unit.ns;
	}
	got_free(&got);
	made_free(&made);
}

/* A second of more packets than are held: the oldest go out early, so that one that is later still comes behind them;
 * none is lost. */
Test(order, memory_is_bounded)
{
	struct made made;
	struct capture_reader *reader;
	struct capture_unit unit;
	char why[CAPTURE_WHY];
	unsigned count = 0, total = (1u << 19) + 1000, last_came = 0;
	uint64_t before = 0;
	made_begin(&made, MADE_PCAP_NS, false, 101);
	for (unsigned i = 1; i < total; i++)
		put(&made, MADE_EPOCH + i, i);
	put(&made, MADE_EPOCH, 0);
	made_end(&made);
	cr_assert_eq(capture_reader_memory(&reader, made.data, made.len, why), 0);
	while (capture_reader_next(reader, &unit) == 1) {
		count++;
		if (unit.number == total) {
			last_came = count;
			continue;
		}
		cr_assert_gt(unit.ns, before);
		before = unit.ns;
	}
	cr_assert_eq(count, total);
	cr_assert(last_came > 900 && last_came < 1100, "%u", last_came);
	capture_reader_close(reader);
	made_free(&made);
}
