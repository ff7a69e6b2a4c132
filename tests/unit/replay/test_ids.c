#include <criterion/criterion.h>
#include <errno.h>
#include "replay/ids.h"

static struct sip_text_span span(const char *text)
{
	return (struct sip_text_span){text, strlen(text)};
}

static const char *rewritten(const struct ids *ids, uint32_t party, const char *value)
{
	static char buf[512];
	long n = ids_rewrite(ids, party, span(value), buf, sizeof(buf) - 1);
	cr_assert_geq(n, 0);
	buf[n] = 0;
	return n ? buf : value;
}

Test(ids, values)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"old@call;to-tag=old1;from-tag=theirs", "new@call;to-tag=new1;from-tag=theirs"},
	    {"<sip:x@y?Replaces=old%40call%3Bto-tag%3Dold1%3Bfrom-tag%3Dz>",
	     "<sip:x@y?Replaces=new%40call%3Bto-tag%3Dnew1%3Bfrom-tag%3Dz>"},
	    {"a==b@c;local-tag=\"old1\"", "d@e;local-tag=\"new1\""},
	    {"<sip:gw@192.0.2.1:5060>", "<sip:live@192.0.2.1:5060>"},
	    {"Digest nonce=\"on\", response=\"on\"", "Digest nonce=\"nn\", response=\"on\""},
	    /* only where such a thing can stand, and only whole */
	    {"x;q=old1", "x;q=old1"},
	    {"xold@call", "xold@call"},
	    {"<sip:gw@192.0.2.1:50601>", "<sip:gw@192.0.2.1:50601>"},
	    {"", ""},
	    {"%", "%"},
	    {"%zz%4", "%zz%4"},
	};
	struct ids ids = {0};
	ids_learn(&ids, ID_CALL, 1, span("old@call"), span("new@call"));
	ids_learn(&ids, ID_CALL, 1, span("a==b@c"), span("d@e"));
	ids_learn(&ids, ID_TAG, 1, span("old1"), span("new1"));
	ids_learn(&ids, ID_URI, 1, span("sip:gw@192.0.2.1:5060"), span("sip:live@192.0.2.1:5060"));
	ids_learn(&ids, ID_NONCE, 1, span("on"), span("nn"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_str_eq(rewritten(&ids, 1, rows[i].from), rows[i].to);
	char small[8];
	cr_expect_eq(ids_rewrite(&ids, 1, span("old@call;x=y"), small, sizeof(small)), -E2BIG);
	ids_fini(&ids);
}

Test(ids, each_party_has_its_own)
{
	struct ids ids = {0};
	ids_learn(&ids, ID_TAG, 1, span("t"), span("one"));
	ids_learn(&ids, ID_TAG, 2, span("t"), span("two"));
	cr_expect_str_eq(rewritten(&ids, 1, "a;to-tag=t"), "a;to-tag=one");
	cr_expect_str_eq(rewritten(&ids, 2, "a;to-tag=t"), "a;to-tag=two");
	cr_expect_str_eq(rewritten(&ids, 3, "a;to-tag=t"), "a;to-tag=two");
	ids_fini(&ids);
}
