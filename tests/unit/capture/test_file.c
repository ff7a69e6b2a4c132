#include <criterion/criterion.h>

#include <unistd.h>

#include "made.h"

static void put(struct made *made, unsigned n, uint64_t ns)
{
	uint8_t udp[64], ip[96], frame[128];
	char text[16];
	int len = snprintf(text, sizeof(text), "packet %u", n);
	size_t size = made_udp(udp, 10000, 20000, text, (size_t)len);
	size = made_ip4(ip, 1, 2, IPPROTO_UDP, 0, 0, udp, size);
	size = made_ether(frame, 0x0800, ip, size);
	made_packet(made, ns, frame, size, size);
}

Test(file, formats_and_byte_orders)
{
	for (int format = 0; format < MADE_FORMATS; format++)
		for (int swapped = 0; swapped < 2; swapped++) {
			struct made made;
			struct got got;
			made_begin(&made, (enum made_format)format, swapped, 1);
			put(&made, 1, MADE_EPOCH + 123456789);
			put(&made, 2, MADE_EPOCH + 123456790);
			got_read(&got, &made);
			cr_assert_eq(got.rc, 0, "format %d swapped %d: %s", format, swapped, got.why);
			cr_assert_eq(got.count, 2, "format %d swapped %d: %u", format, swapped, got.count);
			cr_assert(got_is(&got, 0, "packet 1", 8) && got_is(&got, 1, "packet 2", 8));
			uint64_t ns = MADE_EPOCH + (format == MADE_PCAP_US ? 123456000 : 123456789);
			cr_assert_eq(got_unit(&got, 0)->ns, ns);
			cr_assert_eq(got_unit(&got, 1)->ns, ns + (format != MADE_PCAP_US));
			cr_assert_eq(got_unit(&got, 1)->number, 2);
			cr_assert_str_eq(got.notes.damage, "");
			got_free(&got);
			made_free(&made);
		}
}

/* A pcap's seconds are 32 bits without a sign. */
Test(file, seconds_after_2038)
{
	struct made made;
	struct got got;
	made_begin(&made, MADE_PCAP_NS, false, 1);
	put(&made, 1, 4000000000 * MADE_SECOND + 5);
	got_read(&got, &made);
	cr_assert_eq(got_unit(&got, 0)->ns, 4000000000 * MADE_SECOND + 5);
	got_free(&got);
	made_free(&made);
}

/* Where it ends early: what was before stands, and the packet is named. */
static void cut_everywhere(enum made_format format)
{
	struct made made;
	size_t ends[5], whole;

	made_begin(&made, format, false, 1);
	for (unsigned n = 0; n < 5; n++) {
		fflush(made.out);
		ends[n] = made.len;
		if (n < 4)
			put(&made, n + 1, MADE_EPOCH + n);
	}
	made_end(&made);
	whole = made.len;
	for (size_t len = 0; len <= whole; len++) {
		struct got got;
		char *exact = malloc(len ? len : 1);
		struct made part = {.data = exact, .len = len};
		unsigned before = 0;
		memcpy(exact, made.data, len);
		got_read(&got, &part);
		while (before < 4 && ends[before + 1] <= len)
			before++;
		if (len < ends[0]) {
			/* A pcapng of a section header alone has no interface yet. */
			cr_assert_lt(got.rc, 0, "%zu bytes", len);
			cr_assert_str_neq(got.why, "");
		} else {
			char number[32];
			snprintf(number, sizeof(number), "packet %u:", before + 1);
			cr_assert_eq(got.rc, 0, "%zu bytes: %s", len, got.why);
			cr_assert_eq(got.count, before, "%zu bytes: %u of %u", len, got.count, before);
			if (len == ends[before])
				cr_assert_str_eq(got.notes.damage, "", "%zu bytes", len);
			else
				cr_assert(strstr(got.notes.damage, number), "%zu bytes: '%s'", len, got.notes.damage);
		}
		got_free(&got);
		free(exact);
	}
	made_free(&made);
}

Test(file, pcap_cut_at_every_byte)
{
	cut_everywhere(MADE_PCAP_NS);
}

Test(file, pcapng_cut_at_every_byte)
{
	cut_everywhere(MADE_PCAPNG);
}

Test(file, damage_names_the_packet)
{
	struct made made;
	struct got got;
	static const uint8_t record[16] = {0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f};
	made_begin(&made, MADE_PCAP_NS, false, 1);
	put(&made, 1, MADE_EPOCH);
	put(&made, 2, MADE_EPOCH + 1);
	fwrite(record, sizeof(record), 1, made.out);
	put(&made, 4, MADE_EPOCH + 2);
	got_read(&got, &made);
	cr_assert_eq(got.rc, 0);
	cr_assert_eq(got.count, 2);
	cr_assert(strstr(got.notes.damage, "packet 3:"), "%s", got.notes.damage);
	got_free(&got);
	made_free(&made);
}

Test(file, unknown_link_type_is_refused_by_name)
{
	struct made made;
	struct got got;
	made_begin(&made, MADE_PCAP_NS, false, 105);
	put(&made, 1, MADE_EPOCH);
	got_read(&got, &made);
	cr_assert_eq(got.rc, -EPROTONOSUPPORT);
	cr_assert(strstr(got.why, "IEEE802_11") && strstr(got.why, "Ethernet"), "%s", got.why);
	made_free(&made);
}

Test(file, what_is_no_capture_is_refused)
{
	struct got got;
	struct made text = {.data = strdup("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"), .len = 37};
	got_read(&got, &text);
	cr_assert_eq(got.rc, -EBADMSG);
	cr_assert_str_neq(got.why, "");
	made_free(&text);
	got_file(&got, "/nonexistent/a.pcap");
	cr_assert_eq(got.rc, -ENOENT);
	cr_assert(strstr(got.why, "No such file"), "%s", got.why);
	got_file(&got, "/");
	cr_assert_lt(got.rc, 0);
}

Test(file, standard_input)
{
	struct made made;
	struct got got;
	char path[] = "/tmp/xfg-capture-XXXXXX";
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	unlink(path);
	made_begin(&made, MADE_PCAPNG, false, 1);
	put(&made, 1, MADE_EPOCH);
	made_end(&made);
	cr_assert_eq(write(fd, made.data, made.len), (ssize_t)made.len);
	lseek(fd, 0, SEEK_SET);
	dup2(fd, STDIN_FILENO);
	got_file(&got, "-");
	cr_assert_eq(got.rc, 0, "%s", got.why);
	cr_assert_eq(got.count, 1);
	got_free(&got);
	made_free(&made);
	close(fd);
}
