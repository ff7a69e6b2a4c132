/* URIs and addresses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sip/message.h"
#include "sip/uri.h"

Test(uri, parse)
{
	static const struct {
		const char *text;
		int rc;
		enum sip_scheme scheme;
		const char *user, *host;
		unsigned port;
		const char *transport, *method;
		bool lr, phone, headers;
	} cases[] = {
	    {"sip:alice@example.com", 0, SIP_SCHEME_SIP, "alice", "example.com", 0, "", ""},
	    {"SIP:Alice@EXAMPLE.com:5070", 0, SIP_SCHEME_SIP, "Alice", "example.com", 5070, "", ""},
	    {"sips:192.0.2.1", 0, SIP_SCHEME_SIPS, "", "192.0.2.1", 0, "", ""},
	    {"sip:[2001:DB8::10]:5070;lr", 0, SIP_SCHEME_SIP, "", "2001:db8::10", 5070, "", "", true},
	    {"sip:[2001:db8::10:5070]", 0, SIP_SCHEME_SIP, "", "2001:db8::10:5070", 0, "", ""},
	    {"sip:u@[2001:db8:::192.0.2.1]", 0, SIP_SCHEME_SIP, "u", "2001:db8:::192.0.2.1", 0, "", ""},
	    {"sip:a:secret@b;transport=TCP;method=BYE;lr=on", 0, SIP_SCHEME_SIP, "a", "b", 0, "tcp", "BYE", true},
	    {"sip:+15551234@b;user=phone", 0, SIP_SCHEME_SIP, "+15551234", "b", 0, "", "", false, true},
	    {"sip:a@b;user=ip", 0, SIP_SCHEME_SIP, "a", "b", 0, "", ""},
	    {"sip:sips%3Auser%40example.com@example.net", 0, SIP_SCHEME_SIP, "sips:user@example.com", "example.net"},
	    {"sip:user;par=u%40example.net@example.com", 0, SIP_SCHEME_SIP, "user;par=u@example.net", "example.com"},
	    {"sip:a@b?Route=%3Csip:c%3E&x=y", 0, SIP_SCHEME_SIP, "a", "b", 0, "", "", false, false, true},
	    {"sip:a@b;lr?x=y", 0, SIP_SCHEME_SIP, "a", "b", 0, "", "", true, false, true},
	    {"sip:*11#@b", 0, SIP_SCHEME_SIP, "*11#", "b"},
	    {"tel:+1-201-555-0123", 0, SIP_SCHEME_TEL, "+1-201-555-0123", ""},
	    {"tel:7042;phone-context=example.com", 0, SIP_SCHEME_TEL, "7042", ""},
	    {"tel:863-1234;phone-context=+1-914-555", 0, SIP_SCHEME_TEL, "863-1234", ""},
	    {"http://example.com/a", 0, SIP_SCHEME_OTHER, "", ""},
	    {"urn:service:sos", 0, SIP_SCHEME_OTHER, "", ""},
	    {"sip:%00@b", -EILSEQ},
	    {"sip:a%0d%0aX@b", -EILSEQ},
	    {"sip:a%7fb@b", -EILSEQ},
	    {"", -EBADMSG},
	    {"sip", -EBADMSG},
	    {"sip:", -EBADMSG},
	    {":a@b", -EBADMSG},
	    {"sip:@b", -EBADMSG},
	    {"sip:a@", -EBADMSG},
	    {"sip:a@b@c", -EBADMSG},
	    {"sip:a@b:0", -EBADMSG},
	    {"sip:a@b:65536", -EBADMSG},
	    {"sip:a@b:", -EBADMSG},
	    {"sip:a@b:5060x", -EBADMSG},
	    {"sip:a@b:-1", -EBADMSG},
	    {"sip:a%4@b", -EBADMSG},
	    {"sip:a%zz@b", -EBADMSG},
	    {"sip:a b@c", -EBADMSG},
	    {"sip:a@b c", -EBADMSG},
	    {"<sip:a@b>", -EBADMSG},
	    {"sip:a@b\r\n", -EBADMSG},
	    {"sip:a@2001:db8::10", -EBADMSG},
	    {"sip:a@[2001:db8::10", -EBADMSG},
	    {"sip:a@[2001:db8::10]x", -EBADMSG},
	    {"sip:a@[]", -EBADMSG},
	    {"sip:a@-b", -EBADMSG},
	    {"sip:a@b;", -EBADMSG},
	    {"sip:a@b;=x", -EBADMSG},
	    {"sip:a@b;x=", -EBADMSG},
	    {"sip:a@b;transport=udp;transport=tcp", -EBADMSG},
	    {"sip:a@b;transport=averylongname", -EBADMSG},
	    {"tel:", -EBADMSG},
	    {"tel:+", -EBADMSG},
	    {"tel:--", -EBADMSG},
	    {"tel:1;", -EBADMSG},
	    {"tel:hello", -EBADMSG},
	    {"1x:a", -EBADMSG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_uri uri;
		cr_assert_eq(sip_uri_parse(&uri, cases[i].text, strlen(cases[i].text)), cases[i].rc, "%s",
			     cases[i].text);
		if (cases[i].rc)
			continue;
		cr_assert_eq(uri.scheme, cases[i].scheme, "%s", cases[i].text);
		cr_assert_str_eq(uri.user, cases[i].user, "%s", cases[i].text);
		cr_assert_str_eq(uri.host, cases[i].host, "%s", cases[i].text);
		cr_assert_eq(uri.port, cases[i].port, "%s", cases[i].text);
		cr_assert_str_eq(uri.transport, cases[i].transport ? cases[i].transport : "", "%s", cases[i].text);
		cr_assert_str_eq(uri.method, cases[i].method ? cases[i].method : "", "%s", cases[i].text);
		cr_assert_eq(uri.lr, cases[i].lr, "%s", cases[i].text);
		cr_assert_eq(uri.user_phone, cases[i].phone, "%s", cases[i].text);
		cr_assert_eq(uri.headers, cases[i].headers, "%s", cases[i].text);
		size_t len = strcspn(cases[i].text, cases[i].headers ? "?" : "");
		cr_assert_eq(strncmp(uri.text, cases[i].text, len), 0);
		cr_assert_eq(strlen(uri.text), len, "%s → %s", cases[i].text, uri.text);
	}
}

Test(uri, limits)
{
	struct sip_uri uri;
	char text[2 * SIP_URI_MAX];
	for (unsigned len = SIP_USER_MAX - 2; len <= SIP_USER_MAX + 1; len++) {
		int n = snprintf(text, sizeof(text), "sip:%0*d@b", (int)len, 0);
		cr_assert_eq(sip_uri_parse(&uri, text, (size_t)n), len < SIP_USER_MAX ? 0 : -E2BIG, "user of %u", len);
		n = snprintf(text, sizeof(text), "tel:%0*d", (int)len, 0);
		cr_assert_eq(sip_uri_parse(&uri, text, (size_t)n), len < SIP_USER_MAX ? 0 : -E2BIG, "number of %u",
			     len);
	}
	for (unsigned len = SIP_HOST_MAX - 2; len <= SIP_HOST_MAX + 1; len++) {
		int n = snprintf(text, sizeof(text), "sip:%0*d", (int)len, 0);
		cr_assert_eq(sip_uri_parse(&uri, text, (size_t)n), len < SIP_HOST_MAX ? 0 : -E2BIG, "host of %u", len);
	}
	for (unsigned len = SIP_URI_MAX - 2; len <= SIP_URI_MAX + 1; len++) {
		int n = snprintf(text, sizeof(text), "sip:b;x=%0*d", (int)(len - 8), 0);
		cr_assert_eq((unsigned)n, len);
		cr_assert_eq(sip_uri_parse(&uri, text, len), len < SIP_URI_MAX ? 0 : -E2BIG, "text of %u", len);
	}
}

Test(uri, host_and_user_text)
{
	char buf[64];
	cr_assert_str_eq(sip_host_format(buf, sizeof(buf), "2001:db8::1"), "[2001:db8::1]");
	cr_assert_str_eq(sip_host_format(buf, sizeof(buf), "[2001:db8::1]"), "[2001:db8::1]");
	cr_assert_str_eq(sip_host_format(buf, sizeof(buf), "example.com"), "example.com");
	cr_assert_str_eq(sip_user_escape(buf, sizeof(buf), "+1 (2)#@:<>\"%`\xc3"),
			 "+1%20(2)%23%40%3A%3C%3E%22%25%60%C3");
	cr_assert_str_eq(sip_user_escape(buf, 6, "ab@cd"), "ab%40");
	cr_assert_str_eq(sip_user_escape(buf, 5, "ab@cd"), "ab");
	for (unsigned c = 0x20; c < 0x100; c++) {
		char user[2] = {(char)c, 0}, text[32];
		struct sip_uri uri;
		int n = snprintf(text, sizeof(text), "sip:%s@b", sip_user_escape(buf, sizeof(buf), user));
		int rc = sip_uri_parse(&uri, text, (size_t)n);
		cr_assert_eq(rc, c == 0x7f ? -EILSEQ : 0, "%02x", c);
		if (rc == 0)
			cr_assert_str_eq(uri.user, user);
	}
}

Test(address, parse)
{
	static const struct {
		const char *text;
		int rc;
		const char *display, *user, *tag;
	} cases[] = {
	    {"<sip:a@b>", 0, "", "a", ""},
	    {"sip:a@b;tag=1", 0, "", "a", "1"},
	    {"Alice <sip:a@b;tag=no>;tag=yes", 0, "Alice", "a", "yes"},
	    {"\"A, \\\"B\\\" <sip:x@y>\" <sip:a@b> ; x ; tag = t.1", 0, "A, \"B\" <sip:x@y>", "a", "t.1"},
	    {"caller<sip:a@b>;tag=323", 0, "caller", "a", "323"},
	    {"<sip:a@b>;x=\";tag=no\";tag=yes", 0, "", "a", "yes"},
	    {"<tel:+12125550123>", 0, "", "+12125550123", ""},
	    {"<sip:a@b>;TAG=x", 0, "", "a", "x"},
	    {"<sip:a@b>;tag=1;tag=2", -EBADMSG},
	    {"<sip:a@b>;tag=", -EBADMSG},
	    {"<sip:a@b>;tag", -EBADMSG},
	    {"<sip:a@b>;;", -EBADMSG},
	    {"<sip:a@b>, <sip:c@d>", -EBADMSG},
	    {"<sip:a@b> x", -EBADMSG},
	    {"<sip:a@b", -EBADMSG},
	    {"\"x <sip:a@b>", -EBADMSG},
	    {"< sip:a@b >", -EBADMSG},
	    {"Bell, A <sip:a@b>", -EBADMSG},
	    {"\"a\" b\" <sip:a@b>", -EBADMSG},
	    {"sip:a@b?x=y", -EBADMSG},
	    {"<sip:%00@b>", -EBADMSG},
	    {"", -EBADMSG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_address address;
		char scratch[256];
		cr_assert_eq(sip_address_parse(&address, cases[i].text, scratch, sizeof(scratch)), cases[i].rc, "%s",
			     cases[i].text);
		if (cases[i].rc)
			continue;
		cr_assert_str_eq(address.display, cases[i].display);
		cr_assert_str_eq(address.uri.user, cases[i].user);
		cr_assert_str_eq(address.tag, cases[i].tag);
		cr_assert_eq(address.text, cases[i].text);
		/* No buffer is too small to be safe, and the size that the header promises is enough. */
		size_t enough = strlen(cases[i].text) + 2;
		for (size_t size = 0; size <= enough; size++) {
			char *exact = malloc(size + 1);
			int rc = sip_address_parse(&address, cases[i].text, exact, size);
			cr_assert(rc == 0 || size < enough);
			free(exact);
		}
	}
}

Test(address, param)
{
	char buf[8];
	cr_assert(sip_param("refer;id=5", "id", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "5");
	cr_assert(sip_param("<sip:a;id=no>;ID=\"a\\\"b\"", "id", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "a\"b");
	cr_assert(sip_param("active ; expires = 60", "expires", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "60");
	cr_assert(sip_param("x;flag", "flag", buf, sizeof(buf)));
	cr_assert_str_eq(buf, "");
	cr_assert_not(sip_param("x;longer=12345678", "longer", buf, sizeof(buf)));
	cr_assert_not(sip_param("x;idx=1", "id", buf, sizeof(buf)));
	cr_assert_not(sip_param("x", "id", buf, sizeof(buf)));
	cr_assert_not(sip_param("x\";id=5", "id", buf, sizeof(buf)));
}
