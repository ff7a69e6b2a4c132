/* The rules that are shipped: what they find, and that they leave ordinary traffic alone. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "capture/capture.h"
#include "screen/signatures.h"
#include "spans.h"

static struct signatures *set;
static struct signatures_scratch *scratch;

static void load(void)
{
	cr_assert_eq(signatures_load(&set, RULES, stderr), 0);
	cr_assert_eq(signatures_scratch_create(&scratch, set), 0);
}

static void unload(void)
{
	signatures_scratch_destroy(scratch);
	signatures_destroy(set);
}

TestSuite(screen_rules, .init = load, .fini = unload);

Test(screen_rules, two_hundred_over_all_places)
{
	unsigned regexes = 0, places = 0;
	for (unsigned i = 0; i < signatures_count(set); i++) {
		const struct signature *rule = signatures_rule(set, i);
		regexes += rule->pattern[0] == '/';
		places |= rule->places;
	}
	cr_expect_geq(signatures_count(set), 200);
	cr_expect_geq(regexes, 100);
	cr_expect_eq(places, (1u << SIGNATURE_PLACE_COUNT) - 1);
}

static const struct {
	enum signature_place place;
	const char *span, *rule; /* "": none */
} spans[] = {
    {SIGNATURE_PLACE_USER_AGENT, "friendly-scanner", "ua-friendly-scanner"},
    {SIGNATURE_PLACE_USER_AGENT, "Friendly-Scanner v2", "ua-friendly-scanner"},
    {SIGNATURE_PLACE_USER_AGENT, "friendly-request", "ua-friendly-request"},
    {SIGNATURE_PLACE_USER_AGENT, "sipvicious", "ua-sipvicious"},
    {SIGNATURE_PLACE_USER_AGENT, "svwar", "ua-svmap"},
    {SIGNATURE_PLACE_USER_AGENT, "sipcli/v1.8", "ua-sipcli"},
    {SIGNATURE_PLACE_USER_AGENT, "sip-scan", "ua-sip-scan"},
    {SIGNATURE_PLACE_USER_AGENT, "sipscan", "ua-sip-scan"},
    {SIGNATURE_PLACE_USER_AGENT, "sundayddr", "ua-sundayddr"},
    {SIGNATURE_PLACE_USER_AGENT, "iWar", "ua-iwar"},
    {SIGNATURE_PLACE_USER_AGENT, "SIVuS_VoIP_Security_Scanner", "ua-sivus"},
    {SIGNATURE_PLACE_USER_AGENT, "Gulp", "ua-gulp"},
    {SIGNATURE_PLACE_USER_AGENT, "sipv", "ua-sipv"},
    {SIGNATURE_PLACE_USER_AGENT, "smap 0.6.0", "ua-smap"},
    {SIGNATURE_PLACE_USER_AGENT, "pplsip", "ua-pplsip"},
    {SIGNATURE_PLACE_USER_AGENT, "VaxSIPUserAgent/3.1", "ua-vaxsip"},
    {SIGNATURE_PLACE_USER_AGENT, "VaxIPUserAgent/3.5", "ua-vaxip"},
    {SIGNATURE_PLACE_USER_AGENT, "siparmyknife", "ua-siparmyknife"},
    {SIGNATURE_PLACE_USER_AGENT, "Mr.SIP", "ua-mr-sip"},
    {SIGNATURE_PLACE_USER_AGENT, "Elite 1.0 Brcm Callctrl/1.5.1.0 MxSF/v.3.2.6.26", "ua-elite"},
    {SIGNATURE_PLACE_USER_AGENT, "Asterisk PBX 18.10.0~dfsg+~cs6.10.40431411-2", ""},
    {SIGNATURE_PLACE_USER_AGENT, "FPBX-16.0.40(18.9-cert4)", ""},
    {SIGNATURE_PLACE_USER_AGENT, "Cisco-SIPGateway/IOS-12.x", ""},
    {SIGNATURE_PLACE_USER_AGENT, "Twilio Gateway", ""},
    {SIGNATURE_PLACE_USER_AGENT, "PolycomVVX-VVX_500-UA/5.9.3.2857", ""},
    {SIGNATURE_PLACE_USER_AGENT, "baresip v1.1.0 (x86_64/linux)", ""},
    {SIGNATURE_PLACE_USER_AGENT, "Yealink SIP-T46S 66.86.0.15", ""},
    {SIGNATURE_PLACE_USER_AGENT, "LinphoneiOS/5.0.1 (John's iPhone) LinphoneSDK/5.2.0", ""},
    {SIGNATURE_PLACE_USER_AGENT, "kamailio (5.6.3 (x86_64/linux))", ""},
    {SIGNATURE_PLACE_USER_AGENT, "OpenSIPS (3.2.9 (x86_64/linux))", ""},
    {SIGNATURE_PLACE_USER_AGENT, "sipgate", ""},
    {SIGNATURE_PLACE_USER_AGENT, "Sippy Softswitch v5.2", ""},
    {SIGNATURE_PLACE_FROM_USER, "sipvicious", "from-sipvicious"},
    {SIGNATURE_PLACE_FROM_USER, "100", "from-short-extension"},
    {SIGNATURE_PLACE_FROM_USER, "9999", "from-low-extension"},
    {SIGNATURE_PLACE_FROM_USER, "admin", "from-default-account"},
    {SIGNATURE_PLACE_FROM_USER, "+14155550100", ""},
    {SIGNATURE_PLACE_FROM_USER, "anonymous", ""},
    {SIGNATURE_PLACE_FROM_USER, "alice.o'brien", ""},
    {SIGNATURE_PLACE_FROM_USER, "jean-luc_picard~1", ""},
    {SIGNATURE_PLACE_FROM_USER, "+1415%20555%2001", ""},
    {SIGNATURE_PLACE_FROM_USER, "*67", ""},
    {SIGNATURE_PLACE_FROM_USER, "%23123", ""},
    {SIGNATURE_PLACE_FROM_USER, "union.select", ""},
    {SIGNATURE_PLACE_FROM_USER, "a'%20or%201=1--", "sql-quote-or"},
    {SIGNATURE_PLACE_FROM_USER, "100'or'1'='1", "sql-always-true"},
    {SIGNATURE_PLACE_TO_USER, "1%20UNION%20SELECT%20null", "sql-union"},
    {SIGNATURE_PLACE_TO_USER, "1;DROP%20TABLE%20cdr", "sql-stacked"},
    {SIGNATURE_PLACE_TO_USER, "x'--", "sql-comment"},
    {SIGNATURE_PLACE_TO_USER, "1)and(sleep(5))", "sql-sleep"},
    {SIGNATURE_PLACE_TO_USER, "$(reboot)", "shell-substitution"},
    {SIGNATURE_PLACE_TO_USER, "`id`", "shell-backquote"},
    {SIGNATURE_PLACE_TO_USER, "x|nc%20192.0.2.1", "shell-pipe"},
    {SIGNATURE_PLACE_TO_USER, "x;wget%20http", "shell-chain"},
    {SIGNATURE_PLACE_REQUEST_USER, "../../etc/passwd", "path-etc"},
    {SIGNATURE_PLACE_REQUEST_USER, "..%2f..%2fvar", "path-up-escaped"},
    {SIGNATURE_PLACE_REQUEST_USER, "%s%s%s%s", "format-s"},
    {SIGNATURE_PLACE_REQUEST_USER, "%n", "format-n"},
    {SIGNATURE_PLACE_REQUEST_USER, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "overflow-as"},
    {SIGNATURE_PLACE_REQUEST_USER, "a%0d%0aRoute:x", "break-crlf"},
    {SIGNATURE_PLACE_REQUEST_USER, "100%00", "break-null"},
    {SIGNATURE_PLACE_REQUEST_USER, "%3Cscript%3E", "break-script"},
    {SIGNATURE_PLACE_CONTACT_USER, "${jndi:ldap}", "break-jndi"},
    {SIGNATURE_PLACE_REQUEST_USER, "011882123456789", "toll-satellite"},
    {SIGNATURE_PLACE_REQUEST_USER, "900972592123456", "toll-gaza-scan"},
    {SIGNATURE_PLACE_REQUEST_USER, "9011441904123456", "toll-prefix-nine"},
    {SIGNATURE_PLACE_REQUEST_USER, "+2525551234567", "toll-africa-east"},
    {SIGNATURE_PLACE_REQUEST_USER, "+14155550100", ""},
    {SIGNATURE_PLACE_REQUEST_USER, "+442079460000", ""},
    {SIGNATURE_PLACE_REQUEST_USER, "agent-7.sales_team", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "sipvicious", "display-scanner"},
    {SIGNATURE_PLACE_FROM_DISPLAY, "<script>alert(1)</script>", "display-script"},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Robert'); DROP TABLE students;--", "sql-stacked"},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Miles O'Brien & Sons (Sales)", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "WIRELESS CALLER", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Drop & Roll; 100% sure, select few from Rome", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Need boxes; drop by", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Rock 'n' and Roll", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Union Select Bank (Phone System(2))", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "Pizza '#1'", ""},
    {SIGNATURE_PLACE_FROM_DISPLAY, "x' or 1=1", "sql-quote-or-display"},
    {SIGNATURE_PLACE_FROM_USER, "John%20nolan%20and%20sons", ""},
    {SIGNATURE_PLACE_FROM_USER, "%5$n", "format-n"},
    {SIGNATURE_PLACE_START_LINE, "OPTIONS sip:nm SIP/2.0", "probe-nmap"},
    {SIGNATURE_PLACE_START_LINE, "OPTIONS sip:100@192.0.2.1 SIP/2.0", "probe-options-100"},
    {SIGNATURE_PLACE_START_LINE, "REGISTER sip:192.0.2.1 SIP/2.0", "probe-register-address"},
    {SIGNATURE_PLACE_START_LINE, "GET / HTTP/1.1", "probe-http"},
    {SIGNATURE_PLACE_START_LINE, "REGISTER sip:example.com SIP/2.0", ""},
    {SIGNATURE_PLACE_CALL_ID, "50000", "probe-nmap-call"},
    {SIGNATURE_PLACE_CALL_ID, "123456789012345678901234", "probe-call-decimal"},
    {SIGNATURE_PLACE_CALL_ID, "x' or 1=1", "sql-call-id"},
    {SIGNATURE_PLACE_CALL_ID, "5f8a1c0e-7dec-11d0-a765-00a0c91e6bf6@192.0.2.1", ""},
    {SIGNATURE_PLACE_CALL_ID, "843817637684230@998sdasdh09", ""},
    {SIGNATURE_PLACE_VIA, "SIP/2.0/UDP nm;branch=foo", "probe-nmap-via"},
    {SIGNATURE_PLACE_VIA, "SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bK1", "probe-via-loopback"},
    {SIGNATURE_PLACE_VIA, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", ""},
    {SIGNATURE_PLACE_SUBJECT, "Performance Test", "probe-subject-sipp"},
    {SIGNATURE_PLACE_SUBJECT, "$(reboot)", "shell-subject"},
    {SIGNATURE_PLACE_SUBJECT, "Need more boxes; drop by", ""},
    {SIGNATURE_PLACE_ANYWHERE, "X-Y: ${JNDI:ldap://x}", "any-jndi"},
    {SIGNATURE_PLACE_ANYWHERE, "a=|/bin/sh", "any-shell"},
    {SIGNATURE_PLACE_ANYWHERE, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n", ""},
};

Test(screen_rules, spans)
{
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
		struct signatures_hits hits;
		signatures_hits_clear(&hits);
		cr_assert_eq(signatures_scan(set, scratch, spans[i].place, spans[i].span, strlen(spans[i].span), &hits),
			     0);
		struct signatures_verdict verdict = signatures_verdict(&hits);
		const char *id = verdict.action == SIGNATURE_NONE ? "" : signatures_rule(set, verdict.rule)->id;
		cr_expect_str_eq(id, spans[i].rule, "%s '%s': '%s', not '%s'", signature_place_name(spans[i].place),
				 spans[i].span, id, spans[i].rule);
	}
}

static unsigned seen, dropped;

static void message(const char *file, const char *data, size_t len)
{
	struct spans cut;
	spans_cut(&cut, data, len);
	struct signatures_verdict verdict = spans_scan(set, scratch, &cut);
	seen++;
	if (verdict.action != SIGNATURE_DROP)
		return;
	dropped++;
	cr_log_error("%s: %s drops\n%.*s", file, signatures_rule(set, verdict.rule)->id, (int)(len < 900 ? len : 900),
		     data);
}

static bool is_sip(const struct capture_unit *unit)
{
	return unit->len > 12 && !unit->cut &&
	       (unit->kind == CAPTURE_SIP_TCP || memmem(unit->data, unit->len < 2000 ? unit->len : 2000, "SIP/2.0", 7));
}

static void capture(const char *path)
{
	struct capture_reader *reader;
	struct capture_unit unit;
	char why[CAPTURE_WHY];
	if (capture_reader_open(&reader, path, why) < 0)
		return;
	while (capture_reader_next(reader, &unit) == 1)
		if (is_sip(&unit))
			message(path, (const char *)unit.data, unit.len);
	capture_reader_close(reader);
}

static void file(const char *path)
{
	static char data[65536];
	FILE *in = fopen(path, "rb");
	cr_assert(in);
	size_t len = fread(data, 1, sizeof(data), in);
	fclose(in);
	message(path, data, len);
}

/* Calls each for all files in the folders of `top` whose name ends so. */
static void each_file(const char *top, const char *end, void (*each)(const char *path))
{
	DIR *folders = opendir(top);
	for (struct dirent *folder; folders && (folder = readdir(folders));) {
		char path[1024];
		snprintf(path, sizeof(path), "%s/%s", top, folder->d_name);
		DIR *files = folder->d_name[0] == '.' ? NULL : opendir(path);
		for (struct dirent *entry; files && (entry = readdir(files));) {
			size_t len = strlen(entry->d_name);
			if (len < strlen(end) || strcmp(entry->d_name + len - strlen(end), end) != 0)
				continue;
			snprintf(path, sizeof(path), "%s/%s/%s", top, folder->d_name, entry->d_name);
			each(path);
		}
		if (files)
			closedir(files);
	}
	if (folders)
		closedir(folders);
}

Test(screen_rules, drop_no_recorded_call)
{
	each_file(CAPTURES, "input.pcap", capture);
	cr_expect_gt(seen, 300, "%u messages", seen);
	cr_expect_eq(dropped, 0);
}

Test(screen_rules, drop_no_published_flow)
{
	each_file(CORPORA "/rfc-flows/..", ".pcap", capture);
	each_file(CORPORA "/rfc-flows", ".sip", file);
	if (seen == 0)
		cr_skip_test("no published flows beside the project");
	cr_expect_gt(seen, 100);
	cr_expect_eq(dropped, 0);
}
