#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>
#include "replay/facts.h"

static struct sip_text text;

static const char message[] =
    "INVITE sip:bob@example.com SIP/2.0\r\n"
    "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;rport, SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb\r\n"
    "F:  \"A <x>;tag=no\" <sip:a;tag=inner@example.com>;x=1;Tag=abc\r\n"
    "t: sip:bob@example.com;tag=bare\r\n"
    "Call-ID : c@d\r\n"
    "Subject: folded\r\n\tover two\r\n"
    "CSeq: 17\tINVITE\r\n"
    "m: <sip:a@192.0.2.9:5070;transport=udp>;expires=5, <sip:b@192.0.2.9>\r\n"
    "c: application/sdp\r\n"
    "l: 4\r\n"
    "\r\nv=0\n";

static const char *shown(struct sip_text_span span)
{
	static char buf[4][512];
	static unsigned next;
	char *out = buf[next++ % 4];
	snprintf(out, 512, "%.*s", span.at ? (int)span.len : 4, span.at ? span.at : "none");
	return out;
}

static void expect_same(const char *data, size_t len, const char *name)
{
	char *printed = malloc(len + 1);
	cr_assert_eq(sip_text_len(&text), len, "%s", name);
	cr_assert_eq(sip_text_print(&text, printed, len), (long)len, "%s", name);
	cr_assert_eq(memcmp(printed, data, len), 0, "%s", name);
	free(printed);
}

Test(sip_text, prints_what_it_has_read)
{
	/* cut anywhere, the message is still printed as it came */
	for (size_t len = 35; len < sizeof(message); len++) {
		cr_assert_eq(sip_text_parse(&text, message, len), 0, "%zu", len);
		expect_same(message, len, "cut");
		sip_text_fini(&text);
	}
}

static unsigned read_folder(const char *folder)
{
	char path[512];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_DIR) {
			count += read_folder(path);
			continue;
		}
		size_t name_len = strlen(path);
		if (strcmp(path + name_len - 4, ".sip") != 0 && strcmp(path + name_len - 4, ".dat") != 0)
			continue;
		FILE *file = fopen(path, "r");
		static char data[100000];
		size_t len = file ? fread(data, 1, sizeof(data), file) : 0;
		if (file)
			fclose(file);
		int r = sip_text_parse(&text, data, len);
		if (strcmp(path + name_len - 4, ".sip") == 0)
			cr_assert_eq(r, 0, "%s", path);
		if (r == 0) {
			struct facts facts;
			facts_read(&facts, &text);
			expect_same(data, len, path);
			sip_text_fini(&text);
			count++;
		}
	}
	if (dir)
		closedir(dir);
	return count;
}

Test(sip_text, published_messages_survive)
{
	if (access(CORPORA, R_OK) != 0)
		cr_skip("the corpora are not here");
	cr_expect_gt(read_folder(CORPORA "/rfc-flows"), 100);
	cr_expect_gt(read_folder(CORPORA "/rfc4475/raw"), 40);
	cr_expect_gt(read_folder(CORPORA "/rfc5118/wire"), 8);
}

Test(sip_text, headers)
{
	struct facts facts;
	cr_assert_eq(sip_text_parse(&text, message, sizeof(message) - 1), 0);
	facts_read(&facts, &text);
	cr_expect(facts.request);
	cr_expect_str_eq(facts.method, "INVITE");
	cr_expect_eq(facts.cseq, 17);
	cr_expect_str_eq(shown(facts.ruri), "sip:bob@example.com");
	cr_expect_str_eq(shown(facts.call_id), "c@d");
	cr_expect_str_eq(shown(facts.from_tag), "abc");
	cr_expect_str_eq(shown(facts.to_tag), "bare");
	cr_expect_str_eq(shown(facts.branch), "z9hG4bKa");
	cr_expect_str_eq(shown(facts.contact), "sip:a@192.0.2.9:5070;transport=udp");
	cr_expect_str_eq(shown(sip_text_value(&text, "Subject")), "folded\r\n\tover two");
	cr_expect_str_eq(shown(sip_text_uri_host(facts.contact)), "192.0.2.9");
	cr_expect_str_eq(shown(sip_text_uri_hostport(facts.contact)), "192.0.2.9:5070");
	cr_expect_str_eq(shown(sip_text_uri_user(facts.contact)), "a");
	sip_text_fini(&text);
}

Test(sip_text, uris)
{
	static const struct {
		const char *uri, *user, *host, *hostport;
	} rows[] = {
	    {"sip:example.com", "none", "example.com", "example.com"},
	    {"sip:a:secret@example.com:5061;lr", "a", "example.com", "example.com:5061"},
	    {"sips:+1;ext=2@[2001:db8::1]:5061?Replaces=x%40y", "+1", "[2001:db8::1]", "[2001:db8::1]:5061"},
	    {"sip:a?b@example.com", "a?b", "example.com", "example.com"},
	    {"tel:+12025550143;phone-context=x", "+12025550143", "none", "none"},
	    {"http://example.com", "none", "none", "none"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_text_span uri = {rows[i].uri, strlen(rows[i].uri)};
		cr_expect_str_eq(shown(sip_text_uri_user(uri)), rows[i].user, "%s", rows[i].uri);
		cr_expect_str_eq(shown(sip_text_uri_host(uri)), rows[i].host, "%s", rows[i].uri);
		cr_expect_str_eq(shown(sip_text_uri_hostport(uri)), rows[i].hostport, "%s", rows[i].uri);
	}
}

Test(sip_text, changes)
{
	static const char wanted[] = "INVITE sip:carol@example.com SIP/2.0\r\n"
				     "Via: SIP/2.0/UDP 203.0.113.1\r\n"
				     "F:  \"A <x>;tag=no\" <sip:a;tag=inner@example.com>;x=1;Tag=abc\r\n"
				     "t: sip:bob@example.com;tag=new\r\n"
				     "Call-ID : c@d\r\n"
				     "CSeq: 17\tINVITE\r\n"
				     "m: <sip:a@192.0.2.9:5070;transport=udp>;expires=5, <sip:b@192.0.2.9>\r\n"
				     "c: application/sdp\r\n"
				     "l: 11\r\n"
				     "\r\nv=0\r\ns=-\r\no";
	char out[1024];
	cr_assert_eq(sip_text_parse(&text, message, sizeof(message) - 1), 0);
	sip_text_set_start(&text, "INVITE sip:carol@example.com SIP/2.0", 36);
	sip_text_del_all(&text, "Via");
	sip_text_insert(&text, 0, "Via", "SIP/2.0/UDP 203.0.113.1", 23);
	sip_text_del_all(&text, "Subject");
	sip_text_set_value(&text, (unsigned)sip_text_find(&text, "To", 0), "sip:bob@example.com;tag=new", 27);
	sip_text_set_body(&text, "v=0\r\ns=-\r\no", 11);
	long n = sip_text_print(&text, out, sizeof(out));
	cr_assert_eq(n, (long)strlen(wanted), "%ld", n);
	cr_expect_eq(memcmp(out, wanted, (size_t)n), 0, "%.*s", (int)n, out);
	cr_expect_eq(sip_text_print(&text, out, (size_t)n - 1), -E2BIG);
	sip_text_fini(&text);
}

Test(sip_text, what_is_none)
{
	static const char *const others[] = {"",	 " ",	   "\r\n\r\n", "GET / HTTP/1.1\r\n",
					     "\x80\x00", "INVITE", "INVITE ",  "INVITE sip:a\r\nSIP/2.0"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_expect_eq(sip_text_parse(&text, others[i], strlen(others[i])), -EBADMSG, "%zu", i);
	cr_expect_eq(sip_text_parse(&text, "SIP/2.0 200 OK", 14), 0);
	char many[8 * (SIP_TEXT_LINES_MAX + 2)] = "SIP/2.0 200 OK\r\n";
	for (unsigned i = 0; i <= SIP_TEXT_LINES_MAX; i++)
		strcat(many, "a: b\r\n");
	cr_expect_eq(sip_text_parse(&text, many, strlen(many)), -E2BIG);
}

Test(sip_text, sdp)
{
	static const char sdp[] = "SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\nCSeq: 1 INVITE\r\n\r\n"
				  "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\nc=IN IP4 192.0.2.7\r\nm=video 9 RTP/AVP 99\r\n"
				  "c=IN IP4 192.0.2.8\r\nm=audio 4000/2 RTP/AVP 8 0\r\nc=IN IP4 192.0.2.9\r\n"
				  "m=audio 5000 RTP/AVP 0\r\nc=IN IP4 192.0.2.10\r\n";
	struct facts facts;
	char at[XF_SOCKADDR_STRLEN];
	cr_assert_eq(sip_text_parse(&text, sdp, sizeof(sdp) - 1), 0);
	facts_read(&facts, &text);
	cr_expect_str_eq(xf_sockaddr_format(&facts.media, at), "192.0.2.9:4000");
	cr_expect_eq(facts.payload_type, 8);
	cr_expect_eq(facts.status, 200);
	cr_expect_str_eq(facts.method, "INVITE");
}
