#include <criterion/criterion.h>

#include <sys/stat.h>
#include <unistd.h>

#include "made.h"

static char folder[] = "/tmp/xfg-writer-XXXXXX";
static char path[64], why[CAPTURE_WHY];
static struct capture_writer *writer;

static void setup(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/out.pcap", folder);
	cr_assert_eq(capture_writer_open(&writer, path, why), 0, "%s", why);
}

static void teardown(void)
{
	unlink(path);
	cr_assert_eq(rmdir(folder), 0, "nothing else was left in it");
}

TestSuite(writer, .init = setup, .fini = teardown);

static struct xf_sockaddr host(const char *text, uint16_t port)
{
	struct xf_sockaddr at = {.port = port};
	cr_assert_eq(xf_addr_parse(&at.addr, text), 0);
	return at;
}

static uint8_t payload[65535];
static const size_t sizes[] = {0, 1, 2, 3, 172, 1452, 1453, 1472, 1473, 4000, 65507};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Every size over both families. */
static void write_all(void)
{
	struct xf_sockaddr from[2] = {host("192.0.2.1", 5060), host("2001:db8::1", 5060)};
	struct xf_sockaddr to[2] = {host("192.0.2.2", 16384), host("2001:db8::2", 16384)};
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t i = 0; i < SIZES; i++)
		for (unsigned family = 0; family < 2; family++)
			capture_writer_udp(writer, MADE_EPOCH + i * 1000 + family, &from[family], &to[family], payload,
					   sizes[i]);
}

Test(writer, reader_gets_it_back)
{
	struct got got;
	write_all();
	cr_assert_eq(access(path, F_OK), -1, "not there before it is whole");
	cr_assert_eq(capture_writer_close(writer, true), 0);
	got_file(&got, path);
	cr_assert_eq(got.rc, 0, "%s", got.why);
	cr_assert_eq(got.count, 2 * SIZES);
	for (unsigned i = 0; i < got.count; i++) {
		const struct capture_unit *unit = got_unit(&got, i);
		cr_assert(got_is(&got, i, payload, sizes[i / 2]), "%zu bytes", sizes[i / 2]);
		cr_assert_eq(unit->ns, MADE_EPOCH + i / 2 * 1000 + i % 2);
		cr_assert(unit->from.port == 5060 && unit->to.port == 16384 && !unit->cut);
		cr_assert_eq(unit->from.addr.family, i % 2 ? 6 : 4);
		size_t whole = i % 2 ? 1452 : 1472;
		cr_assert_eq(unit->ip != NULL, unit->len <= whole, "%zu bytes", unit->len);
	}
	cr_assert_eq(got.notes.fragments_lost, 0);
	cr_assert_gt(got.notes.fragments, 90);
	got_free(&got);
}

/* What a command prints, without the last line's end. -1: it cannot be run. */
static int printed(const char *command, char *out, size_t size)
{
	FILE *pipe = popen(command, "r");
	if (!pipe)
		return -1;
	size_t len = fread(out, 1, size - 1, pipe);
	out[len] = 0;
	return pclose(pipe);
}

/* Another reader takes every checksum for right; it is told to look. */
Test(writer, tshark_finds_the_checksums_right)
{
	char command[512], text[8192];
	write_all();
	cr_assert_eq(capture_writer_close(writer, true), 0);
	if (printed("command -v tshark", text, sizeof(text)) != 0)
		cr_skip_test("no tshark here");
	snprintf(command, sizeof(command),
		 "tshark -r %s -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -Y udp.length"
		 " -T fields -e udp.checksum.status -e udp.length -e frame.time_epoch 2>/dev/null",
		 path);
	cr_assert_eq(printed(command, text, sizeof(text)), 0);
	char *line = strtok(text, "\n");
	for (unsigned i = 0; i < 2 * SIZES; i++, line = strtok(NULL, "\n")) {
		char expected[64];
		cr_assert(line, "datagram %u is missing", i);
		snprintf(expected, sizeof(expected), "1\t%zu\t1700000000.00000%u00%u", sizes[i / 2] + 8, i / 2, i % 2);
		if (i / 2 < 10)
			cr_assert_str_eq(line, expected);
		else
			cr_assert(strncmp(line, expected, 2) == 0, "%s", line);
	}
	cr_assert(!line, "%s", line);
	snprintf(command, sizeof(command),
		 "tshark -r %s -o ip.check_checksum:TRUE -Y 'ip.checksum.status != \"Good\" || _ws.malformed' 2>&1 |"
		 " grep -v 'Running as'",
		 path);
	printed(command, text, sizeof(text));
	cr_assert_str_eq(text, "");
}

Test(writer, thrown_away)
{
	write_all();
	cr_assert_eq(capture_writer_close(writer, false), 0);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(writer, replaces_only_at_the_end)
{
	char text[16] = "";
	FILE *old = fopen(path, "w");
	fputs("old", old);
	fclose(old);
	write_all();
	old = fopen(path, "r");
	cr_assert(fgets(text, sizeof(text), old));
	fclose(old);
	cr_assert_str_eq(text, "old");
	cr_assert_eq(capture_writer_close(writer, true), 0);
	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_gt(st.st_size, 100000);
}

Test(writer, errors_are_kept_for_close)
{
	struct xf_sockaddr four = host("192.0.2.1", 1), six = host("2001:db8::1", 1);
	capture_writer_udp(writer, 1, &four, &six, "x", 1);
	capture_writer_udp(writer, 1, &four, &four, "x", 1);
	cr_assert_eq(capture_writer_close(writer, true), -EINVAL);
	cr_assert_eq(access(path, F_OK), -1);
	cr_assert_eq(capture_writer_open(&writer, path, why), 0);
	capture_writer_udp(writer, 1, &four, &four, payload, 65508);
	cr_assert_eq(capture_writer_close(writer, true), -EMSGSIZE);
	cr_assert_eq(capture_writer_open(&writer, "/nonexistent/out.pcap", why), -ENOENT);
	cr_assert(strstr(why, "No such file"), "%s", why);
	cr_assert_eq(capture_writer_open(&writer, "/dev/full", why), 0);
	cr_assert_eq(capture_writer_close(writer, true), -ENOSPC);
}

/* A device is written to, not replaced. */
Test(writer, device_stays_a_device)
{
	struct stat st;
	capture_writer_close(writer, false);
	cr_assert_eq(capture_writer_open(&writer, "/dev/null", why), 0);
	write_all();
	cr_assert_eq(capture_writer_close(writer, true), 0);
	cr_assert_eq(stat("/dev/null", &st), 0);
	cr_assert(S_ISCHR(st.st_mode));
}

struct built {
	unsigned count;
	size_t longest, bytes;
};

static void built_each(void *arg, const void *packet, size_t len)
{
	struct built *built = arg;
	built->count++;
	built->bytes += len;
	if (len > built->longest)
		built->longest = len;
}

/* Packets just as long as the MTU, and no longer. */
Test(writer, build_keeps_to_the_mtu)
{
	struct xf_sockaddr four = host("192.0.2.1", 1), six = host("2001:db8::1", 1);
	capture_writer_close(writer, false);
	for (size_t mtu = 56; mtu <= 1500; mtu += 19)
		for (size_t len = 0; len < 3 * mtu; len += 13) {
			struct built a = {0}, b = {0};
			if (mtu >= 36)
				cr_assert_eq(
				    capture_build_udp(&four, &four, 64, 46, 7, mtu, payload, len, built_each, &a), 0);
			cr_assert_leq(a.longest, mtu);
			cr_assert_eq(a.bytes, 8 + len + 20 * a.count);
			cr_assert_eq(a.count == 1, 28 + len <= mtu);
			cr_assert_eq(capture_build_udp(&six, &six, 64, 46, 7, mtu, payload, len, built_each, &b), 0);
			cr_assert_leq(b.longest, mtu);
			cr_assert_eq(b.bytes, 8 + len + (b.count == 1 ? 40 : 48) * b.count);
			cr_assert_eq(b.count == 1, 48 + len <= mtu);
		}
	cr_assert_eq(capture_build_udp(&six, &six, 64, 0, 7, 55, payload, 9, built_each, NULL), -EMSGSIZE);
	cr_assert_eq(capture_build_udp(&four, &six, 64, 0, 7, 1500, payload, 9, built_each, NULL), -EINVAL);
}
