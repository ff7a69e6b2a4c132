/* Captures of others, where they are present: what tshark counts, we count. */
#include <criterion/criterion.h>

#include <unistd.h>

#include "made.h"

static bool samples_here(void)
{
	char line[16];
	FILE *tshark = popen("command -v tshark >/dev/null && echo yes", "r");
	bool here = tshark && fgets(line, sizeof(line), tshark);
	if (tshark)
		pclose(tshark);
	if (access(SAMPLES, R_OK) == 0 && here)
		return true;
	printf("# skipped: %s\n", here ? "no captures at " SAMPLES : "no tshark here");
	return false;
}

/* Values of a field that match a filter, as tshark prints them; several of one packet count each. */
static unsigned tshark_count(const char *name, const char *filter, const char *field)
{
	char command[512];
	unsigned count = 0;
	snprintf(command, sizeof(command),
		 "tshark -r %s/%s -Y '%s' -T fields -E occurrence=a -E aggregator=/s -e %s 2>/dev/null", SAMPLES, name,
		 filter, field);
	FILE *out = popen(command, "r");
	cr_assert(out);
	bool within = false;
	for (int c; (c = fgetc(out)) != EOF;) {
		bool space = c == ' ' || c == '\n';
		count += !space && !within;
		within = !space;
	}
	cr_assert_eq(pclose(out), 0, "%s", command);
	return count;
}

static void kinds(const struct got *got, unsigned counts[2])
{
	counts[0] = counts[1] = 0;
	for (const struct got_unit *unit = got->first; unit; unit = unit->next)
		counts[unit->unit.kind]++;
}

Test(samples, counts_are_those_of_tshark)
{
	static const char *const names[] = {"aaa.pcap", "sip-call-rtp-g711.pcap", "sip-over-tcp.pcap",
					    "sip-rtp-g711.pcap", "sip-rtp-g722.pcap"};
	if (!samples_here())
		cr_skip_test("no captures or no tshark");
	for (size_t i = 0; i < 5; i++) {
		char path[512];
		struct got got;
		unsigned counts[2];
		snprintf(path, sizeof(path), "%s/%s", SAMPLES, names[i]);
		got_file(&got, path);
		cr_assert_eq(got.rc, 0, "%s: %s", path, got.why);
		cr_assert_str_eq(got.notes.damage, "");
		kinds(&got, counts);
		cr_assert_gt(got.count, 0);
		cr_assert_eq(got.notes.packets, tshark_count(names[i], "frame", "frame.number"));
		cr_assert_eq(counts[CAPTURE_UDP], tshark_count(names[i], "udp and not icmp", "frame.number"), "%s",
			     names[i]);
		cr_assert_eq(counts[CAPTURE_SIP_TCP], tshark_count(names[i], "sip and tcp", "sip.CSeq.seq"), "%s",
			     names[i]);
		cr_assert_eq(got.notes.tcp_packets, tshark_count(names[i], "tcp and not icmp", "frame.number"), "%s",
			     names[i]);
		if (strcmp(names[i], "sip-over-tcp.pcap") == 0)
			cr_assert_eq(counts[CAPTURE_SIP_TCP], 7);
		got_free(&got);
	}
}
