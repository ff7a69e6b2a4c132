/* Each limit at exactly max, and at max + 1; by the scan, and by the control plane, whose limits they are too. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "place.h"
#include "same.h"
#include "sip/message.h"

#define LINES                                                                                                          \
	"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\n"       \
	"CSeq: 1 INVITE\r\n"
#define HEAD "INVITE sip:a@b SIP/2.0\r\n" LINES

struct text {
	char bytes[SIP_MESSAGE_MAX + 2];
	size_t len;
};

static void add(struct text *t, const char *text)
{
	size_t len = strlen(text);
	cr_assert_leq(t->len + len, sizeof(t->bytes));
	memcpy(t->bytes + t->len, text, len);
	t->len += len;
}

static void fill(struct text *t, char c, size_t count)
{
	cr_assert_leq(t->len + count, sizeof(t->bytes));
	memset(t->bytes + t->len, c, count);
	t->len += count;
}

static void message(struct text *t, size_t n)
{
	add(t, HEAD "\r\n");
	fill(t, 'b', n - t->len);
}

static void start_line(struct text *t, size_t n)
{
	add(t, "INVITE x:");
	fill(t, 'a', n - sizeof("INVITE x: SIP/2.0") + 1);
	add(t, " SIP/2.0\r\n" LINES "\r\n");
}

static void method(struct text *t, size_t n)
{
	fill(t, 'M', n);
	add(t, " sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
	       "Call-ID: x\r\nCSeq: 1 ");
	fill(t, 'M', n);
	add(t, "\r\n\r\n");
}

static void name(struct text *t, size_t n)
{
	add(t, HEAD);
	fill(t, 'N', n);
	add(t, ": x\r\n\r\n");
}

static void line(struct text *t, size_t n)
{
	add(t, HEAD "X:");
	fill(t, 'x', n - 2);
	add(t, "\r\n\r\n");
}

static void folded_line(struct text *t, size_t n)
{
	add(t, HEAD "X:\r\n ");
	fill(t, 'x', n - 5);
	add(t, "\r\n\r\n");
}

static void headers(struct text *t, size_t n)
{
	add(t, HEAD);
	for (size_t i = 5; i < n; i++)
		add(t, "Z:\r\n");
	add(t, "\r\n");
}

static void lines(struct text *t, size_t n)
{
	add(t, HEAD "X:\r\n");
	for (size_t i = 8; i < n; i++)
		add(t, " \r\n");
	add(t, "\r\n");
}

Test(limits, at_most_and_one_more)
{
	static const struct {
		const char *name;
		void (*build)(struct text *t, size_t n);
		size_t max;
		enum sip_scan_verdict verdict;
	} cases[] = {
	    {"message", message, SIP_MESSAGE_MAX, SIP_SCAN_TOO_LONG},
	    {"start line", start_line, SIP_LINE_MAX, SIP_SCAN_START_LINE_LONG},
	    {"method", method, SIP_NAME_MAX, SIP_SCAN_METHOD_LONG},
	    {"name", name, SIP_NAME_MAX, SIP_SCAN_NAME_LONG},
	    {"line", line, SIP_LINE_MAX, SIP_SCAN_LINE_LONG},
	    {"folded line", folded_line, SIP_LINE_MAX, SIP_SCAN_LINE_LONG},
	    {"headers", headers, SIP_HEADERS_MAX, SIP_SCAN_HEADERS},
	    {"lines", lines, SIP_LINES_MAX, SIP_SCAN_LINES},
	};
	struct text *t = malloc(sizeof(*t));
	struct sip_scan *scan = malloc(sizeof(*scan));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t more = 0; more < 2; more++) {
			enum sip_scan_verdict verdict;
			struct sip_message *m;
			char why[160];
			t->len = 0;
			cases[i].build(t, cases[i].max + more);
			const char *differs = same_every_way(scan, &verdict, place_last(t->bytes, t->len), t->len);
			cr_expect_null(differs, "%s + %zu: %s", cases[i].name, more, differs);
			cr_expect_eq(verdict, more ? cases[i].verdict : SIP_SCAN_MESSAGE, "%s + %zu: %s", cases[i].name,
				     more, sip_scan_verdict_name(verdict));
			differs = same_as_controlplane(t->bytes, t->len, NULL);
			cr_expect_null(differs, "%s + %zu: %s", cases[i].name, more, differs);
			int rc = sip_message_parse(&m, t->bytes, t->len, why, sizeof(why));
			/* A Request-URI has a limit of its own there, far below the line's. */
			if (cases[i].build != start_line)
				cr_expect_eq(rc, more ? -E2BIG : 0, "%s + %zu: %d (%s)", cases[i].name, more, rc, why);
			else
				cr_expect_eq(strstr(why, "start line") != NULL, more, "%s", why);
			sip_message_destroy(m);
		}
	}
	free(scan);
	free(t);
}

/* The lists end somewhere in the middle of a block of 64 bytes, at each place of it. */
Test(limits, at_each_place_of_a_block)
{
	struct text *t = malloc(sizeof(*t));
	struct sip_scan *scan = malloc(sizeof(*scan));
	for (unsigned shift = 0; shift < 130; shift++) {
		for (unsigned more = 0; more < 2; more++) {
			enum sip_scan_verdict verdict;
			t->len = 0;
			add(t, HEAD "Y:");
			fill(t, 'y', shift);
			add(t, "\r\n");
			for (unsigned i = 8; i < SIP_LINES_MAX + more; i++)
				add(t, "\t\r\n");
			add(t, "\r\n");
			const char *differs = same_every_way(scan, &verdict, place_last(t->bytes, t->len), t->len);
			cr_assert_null(differs, "%u: %s", shift, differs);
			cr_assert_eq(verdict, more ? SIP_SCAN_LINES : SIP_SCAN_MESSAGE, "%u: %s", shift,
				     sip_scan_verdict_name(verdict));
		}
	}
	free(scan);
	free(t);
}
