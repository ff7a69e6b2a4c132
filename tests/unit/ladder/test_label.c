/* What a message is called, from its parts and from its bytes; and what counts as SIP. */
#include <criterion/criterion.h>
#include <string.h>
#include "ladder/bytes.h"
#include "ladder/ladder.h"

Test(label, from_parts)
{
	static const struct {
		struct ladder_message message;
		const char *wanted;
	} cases[] = {
	    {{.start_line = "INVITE sip:a@b SIP/2.0", .cseq = "1 INVITE"}, "INVITE"},
	    {{.start_line = "INVITE sip:a@b SIP/2.0", .cseq = "2 INVITE", .in_dialog = true}, "re-INVITE"},
	    {{.start_line = "BYE sip:a@b SIP/2.0", .in_dialog = true}, "BYE"},
	    {{.start_line = "SIP/2.0 200 OK", .cseq = "1 INVITE"}, "200 (INVITE)"},
	    {{.start_line = "SIP/2.0 486 Busy Here", .cseq = "  7   INVITE "}, "486 (INVITE)"},
	    {{.start_line = "SIP/2.0 200 OK"}, "200"},
	    {{.start_line = "SIP/2.0 200 OK", .cseq = "17"}, "200"},
	    {{.start_line = "NOTIFY sip:a@b SIP/2.0", .sipfrag = "SIP/2.0 180 Ringing", .in_dialog = true},
	     "NOTIFY 180 Ringing"},
	    {{.start_line = "NOTIFY sip:a@b SIP/2.0", .in_dialog = true}, "NOTIFY"},
	    {{.start_line = "INFO sip:a@b SIP/2.0", .sipfrag = "SIP/2.0 180 Ringing"}, "INFO"},
	    {{.start_line = "REFER sip:a@b SIP/2.0", .refer_to = "<sip:plan-sales@x;user=phone>;a=b"},
	     "REFER sip:plan-sales@x;user=phone"},
	    {{.start_line = "REFER sip:a@b SIP/2.0", .refer_to = "\"Sales\" <tel:+12025550143>"},
	     "REFER tel:+12025550143"},
	    {{.start_line = "REFER sip:a@b SIP/2.0", .refer_to = "sip:desk@pbx;method=BYE"}, "REFER sip:desk@pbx"},
	    {{.start_line = "REFER sip:a@b SIP/2.0", .refer_to = "<sip:unclosed"}, "REFER sip:unclosed"},
	    {{.start_line = "REFER sip:a@b SIP/2.0", .refer_to = "<"}, "REFER"},
	    {{.start_line = "REFER sip:a@b SIP/2.0", .refer_to = ""}, "REFER"},
	    {{.start_line = ""}, "?"},
	    {{.start_line = NULL}, "?"},
	    {{.start_line = "SIP/2.0"}, "?"},
	    {{.start_line = "   "}, "?"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[LADDER_LABEL];
		cr_expect_str_eq(ladder_label(buf, &cases[i].message), cases[i].wanted, "case %zu: %s", i, buf);
	}
}

Test(label, from_bytes)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
	    {"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\nFrom: <sip:c@d>;tag=1\r\n\r\n", "INVITE"},
	    {"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>;tag=2\r\n\r\n", "re-INVITE"},
	    {"INVITE sip:a@b SIP/2.0\r\nt: \"x;tag=1\" <sip:a@b;tag=2>\r\n\r\n", "INVITE"},
	    {"INVITE sip:a@b SIP/2.0\r\nt : <sip:a@b> ; x=1\r\n ;\tTAG = 2\r\n\r\n", "re-INVITE"},
	    {"INVITE sip:a@b SIP/2.0\r\nTo: \"open\\\" ;tag=1\r\n\r\n", "INVITE"},
	    {"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>;tagged=1\r\n\r\n", "INVITE"},
	    {"SIP/2.0 180 Ringing\r\nVia: x\r\nCSeq: 4\r\n\tINVITE\r\n\r\n", "180 (INVITE)"},
	    {"SIP/2.0 180 Ringing\nCSeq: 4 INVITE\n\n", "180 (INVITE)"},
	    {"NOTIFY sip:a@b SIP/2.0\r\nc: message/sipfrag;version=2.0\r\n\r\nSIP/2.0 200 OK\r\nTo: x\r\n",
	     "NOTIFY 200 OK"},
	    {"NOTIFY sip:a@b SIP/2.0\r\nContent-Type: text/plain\r\n\r\nSIP/2.0 200 OK\r\n", "NOTIFY"},
	    {"NOTIFY sip:a@b SIP/2.0\r\nContent-Type: message/sipfrag\r\n\r\n", "NOTIFY"},
	    {"REFER sip:a@b SIP/2.0\r\nr: <sip:x@y>\r\n\r\n", "REFER sip:x@y"},
	    {"BYE sip:a@b SIP/2.0\r\nCSe", "BYE"},
	    {"", "?"},
	    {"\r\n", "?"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[LADDER_LABEL], *exact = strndup(cases[i].text, strlen(cases[i].text));
		cr_expect_str_eq(ladder_label_bytes(buf, exact, strlen(exact)), cases[i].wanted, "case %zu: %s", i,
				 buf);
		/* every beginning of it is read without harm */
		for (size_t len = 0; len < strlen(exact); len++)
			cr_expect(strlen(ladder_label_bytes(buf, exact, len)) < LADDER_LABEL);
		free(exact);
	}
}

/* A long label is cut at a character's border, wherever that falls. */
Test(label, long_ones)
{
	for (size_t shift = 0; shift < 4; shift++) {
		char uri[400] = "<sip:", buf[LADDER_LABEL];
		memset(uri + 5, 'x', shift);
		for (size_t i = 0; i < 60; i++)
			strcat(uri, "\xe7\x94\xb0");
		ladder_label(buf, &(struct ladder_message){.start_line = "REFER sip:a SIP/2.0", .refer_to = uri});
		size_t len = strlen(buf);
		cr_expect(len < LADDER_LABEL && len > LADDER_LABEL - 8, "%zu", len);
		cr_expect_str_eq(buf + len - 3, "…");
		cr_expect((len - 3 - 6 - 4 - shift) % 3 == 0, "half a character: %s", buf);
	}
}

/* A terminal obeys none of what a stranger wrote. */
Test(label, control_characters)
{
	char buf[LADDER_LABEL];
	static const char text[] = "NOTIFY sip:a@b SIP/2.0\r\nCSeq: 1 NOTIFY\r\nContent-Type: message/sipfrag\r\n\r\n"
				   "SIP/2.0 200 \033[2J\007O\177K";
	cr_expect_str_eq(ladder_label_bytes(buf, text, sizeof(text) - 1), "NOTIFY 200  [2J O K");
	const struct ladder_message parts = {.start_line = "SIP/2.0 2\0330 OK", .cseq = "1 INVITE"};
	cr_expect_str_eq(ladder_label(buf, &parts), "2 0 (INVITE)");
}

Test(label, what_is_sip)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
	    {"INVITE sip:a@b SIP/2.0\r\n", true},
	    {"SIP/2.0 200 OK\r\n", true},
	    {"SIP/2.0 200\r\n", true},
	    {"SIP/2.0 099 x\r\n", false},
	    {"SIP/2.0 700 x\r\n", false},
	    {"GET / HTTP/1.1\r\n", false},
	    {"INVITE sip:a@b SIP/3.0\r\n", false},
	    {"INVITE SIP/2.0\r\n", false},
	    {"IN\001ITE sip:a@b SIP/2.0\r\n", false},
	    {"", false},
	    {"\r\n", false},
	    {"\r\nINVITE sip:a@b SIP/2.0\r\n", false},
	    {"x-new.method! sip:a@b SIP/2.0\r\n", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(bytes_are_sip(cases[i].text, strlen(cases[i].text)) == cases[i].is, "case %zu", i);
}
