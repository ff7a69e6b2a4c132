/* What the scan of an INVITE costs: with AVX2, in plain C, and beside it a reader that goes byte by byte.
 *
 * 1,024 INVITEs of about 800 bytes with 14 headers and a session description, all well formed, each with other numbers,
 * names, tags and lengths of them. The reader finds start line, header names and values, checks characters and compares
 * names with all that have the same length; it looks at no address, which the scan does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "scan/paths.h"
#include "turns.h"

#define MESSAGES 1024u
#define SIZE	 1200u

struct bench {
	char text[MESSAGES][SIZE];
	size_t len[MESSAGES];
	unsigned rounds; /* over all of them, in a turn */
	uint64_t random;
	sip_scan_fn avx2;
	struct sip_scan result;
};

static unsigned dice(struct bench *bench, unsigned below)
{
	bench->random ^= bench->random << 13;
	bench->random ^= bench->random >> 7;
	bench->random ^= bench->random << 17;
	return (unsigned)(bench->random >> 33) % below;
}

static size_t message_write(struct bench *bench, char *text)
{
	static const char *const agents[] = {"Example Telephone/1.20.1 (firmware 4.5.0)", "Trunk-SBC 9.3.0p2",
					     "softphone 5.1", "Edge/2.0-release.17 (amd64)"};
	static const char *const names[] = {"", "\"Alice\" ", "\"Front Desk\" ", "\"J. \\\"Jay\\\" Doe\" ", "Bob "};
	char sdp[400];
	unsigned host = 1 + dice(bench, 250), port = 10000 + 2 * dice(bench, 20000);
	int sdp_len = snprintf(sdp, sizeof(sdp),
			       "v=0\r\no=- %u %u IN IP4 198.51.100.%u\r\ns=-\r\nc=IN IP4 198.51.100.%u\r\nt=0 0\r\n"
			       "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n",
			       dice(bench, 1000000), dice(bench, 10), host, host, port);
	return (size_t)snprintf(text, SIZE,
				"INVITE sip:+1202555%04u@192.0.2.1;user=phone SIP/2.0\r\n"
				"Via: SIP/2.0/UDP 198.51.100.%u:5060;branch=z9hG4bK%x%x;rport\r\nMax-Forwards: %u\r\n"
				"From: %s<sip:+4420794%05u@198.51.100.%u>;tag=%x%x\r\n"
				"To: <sip:+1202555%04u@192.0.2.1;user=phone>\r\nCall-ID: %x%x%x@198.51.100.%u\r\n"
				"CSeq: %u INVITE\r\nContact: <sip:trunk%u@198.51.100.%u:5060;transport=udp>\r\n"
				"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO\r\n"
				"Supported: timer, 100rel, replaces\r\nSession-Expires: %u\r\n"
				"P-Asserted-Identity: <sip:+4420794%05u@198.51.100.%u>\r\nUser-Agent: %s\r\n"
				"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
				dice(bench, 10000), host, dice(bench, 1u << 30), dice(bench, 1u << 30),
				60 + dice(bench, 11), names[dice(bench, 5)], dice(bench, 100000), host,
				dice(bench, 1u << 30), dice(bench, 1u << 12), dice(bench, 10000), dice(bench, 1u << 30),
				dice(bench, 1u << 30), dice(bench, 1u << 30), host, dice(bench, 100000),
				dice(bench, 200), host, 600 + dice(bench, 3000), dice(bench, 100000), host,
				agents[dice(bench, 4)], sdp_len, sdp);
}

static bool is_token(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-.!%*_+`'~", c));
}

static uint8_t plain_id(const char *name, size_t len)
{
	static const struct {
		const char *name;
		size_t len;
		char compact;
	} names[] = {{"", 0, 0},
#define X(symbol, text, compact, once) {text, sizeof(text) - 1, compact},
		     SIP_HEADER_NAMES(X)
#undef X
	};
	for (unsigned id = 1; id < SIP_HEADER_COUNT; id++)
		if ((names[id].len == len && strncasecmp(name, names[id].name, len) == 0) ||
		    (len == 1 && names[id].compact && (name[0] | 0x20) == names[id].compact))
			return (uint8_t)id;
	return SIP_HEADER_OTHER;
}

static bool plain_line(struct sip_scan *scan, const char *text, size_t start, size_t end)
{
	struct sip_scan_header *header = &scan->headers[scan->header_count++];
	size_t stop = start, value;
	while (stop < end && is_token((unsigned char)text[stop]))
		stop++;
	for (value = stop; value < end && (text[value] == ' ' || text[value] == '\t');)
		value++;
	if (stop == start || value == end || text[value] != ':')
		return false;
	for (value++; value < end && (text[value] == ' ' || text[value] == '\t');)
		value++;
	for (size_t i = value; i < end; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return false;
	header->id = plain_id(text + start, stop - start);
	header->name = (struct sip_span){(uint16_t)start, (uint16_t)(stop - start)};
	header->value = (struct sip_span){(uint16_t)value, (uint16_t)(end - value)};
	if (header->id && !scan->first[header->id])
		scan->first[header->id] = scan->header_count;
	return true;
}

static enum sip_scan_verdict plain(struct sip_scan *scan, const void *data, size_t len)
{
	const char *text = data;
	size_t start = 0;
	scan->header_count = 0;
	memset(scan->first, 0, sizeof(scan->first));
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] != '\r' || text[i + 1] != '\n')
			continue;
		if (i == start) {
			scan->body = (struct sip_span){(uint16_t)(i + 2), (uint16_t)(len - i - 2)};
			return SIP_SCAN_MESSAGE;
		}
		if (start == 0)
			scan->start_line = (struct sip_span){0, (uint16_t)i};
		else if (scan->header_count == SIP_HEADERS_MAX || !plain_line(scan, text, start, i))
			return SIP_SCAN_NAME;
		start = i + 2;
	}
	return SIP_SCAN_UNFINISHED;
}

static double turn(struct bench *bench, sip_scan_fn scan)
{
	unsigned accepted = 0;
	uint64_t start = turns_now_ns();
	for (unsigned round = 0; round < bench->rounds; round++)
		for (unsigned i = 0; i < MESSAGES; i++)
			accepted += scan(&bench->result, bench->text[i], bench->len[i]) == SIP_SCAN_MESSAGE;
	uint64_t took = turns_now_ns() - start;
	turns_require(accepted == bench->rounds * MESSAGES, "only %u were accepted", accepted);
	return (double)took / (bench->rounds * MESSAGES);
}

static double avx2_turn(void *arg)
{
	struct bench *bench = arg;
	return turn(bench, bench->avx2);
}

static double portable_turn(void *arg)
{
	return turn(arg, sip_scan_portable);
}

static double plain_turn(void *arg)
{
	return turn(arg, plain);
}

/* All three find the same headers; the scan what it is for. */
static void check(struct bench *bench, unsigned i)
{
	static struct sip_scan byte_by_byte;
	struct sip_scan *scan = &bench->result;
	turns_require(sip_scan(scan, bench->text[i], bench->len[i]) == SIP_SCAN_MESSAGE, "refused:\n%s",
		      bench->text[i]);
	turns_require(scan->header_count == 14 && scan->class_id == SIP_CLASS_INVITE && scan->odd == 0, "misread:\n%s",
		      bench->text[i]);
	turns_require(scan->from_user.len == 13 && scan->to_user.len == 12 && scan->request_user.len == 12 &&
			  scan->contact_user.len >= 6,
		      "users misread:\n%s", bench->text[i]);
	turns_require(plain(&byte_by_byte, bench->text[i], bench->len[i]) == SIP_SCAN_MESSAGE &&
			  byte_by_byte.header_count == 14 &&
			  memcmp(scan->first, byte_by_byte.first, sizeof(scan->first)) == 0,
		      "byte by byte misread:\n%s", bench->text[i]);
	for (unsigned k = 0; k < 14; k++)
		turns_require(
		    memcmp(&scan->headers[k].value, &byte_by_byte.headers[k].value, sizeof(struct sip_span)) == 0,
		    "header %u differs:\n%s", k, bench->text[i]);
}

int main(int argc, char **argv)
{
	struct turns_options options;
	struct turns_result portable, byte_by_byte;
	static struct bench bench = {.random = 88172645463325252u};
	size_t bytes = 0;
	turns_parse(&options, argc, argv, 0);
	bench.rounds = options.quick ? 2 : 200;
	bench.avx2 = sip_scan_avx2();
	for (unsigned i = 0; i < MESSAGES; i++) {
		bench.len[i] = message_write(&bench, bench.text[i]);
		turns_require(bench.len[i] < SIZE, "message too long");
		bytes += bench.len[i];
		check(&bench, i);
	}
	turns_run(&byte_by_byte, options.pairs, portable_turn, plain_turn, &bench);
	turns_run(&portable, options.pairs, bench.avx2 ? avx2_turn : portable_turn, portable_turn, &bench);
	printf("an INVITE of %.0f bytes with 14 headers, one core\n", (double)bytes / MESSAGES);
	if (bench.avx2)
		printf("  scan with AVX2         %8.0f ns, %.2f million a second\n", portable.a_ns,
		       1e3 / portable.a_ns);
	else
		printf("  this processor has no AVX2\n");
	printf("  scan in plain C        %8.0f ns\n"
	       "  reader byte by byte    %8.0f ns (start line and headers only)\n"
	       "  AVX2 to plain C        %8.3f (%.3f to %.3f in %u pairs)\n"
	       "  plain C to byte reader %8.3f (%.3f to %.3f)\n",
	       portable.b_ns, byte_by_byte.b_ns, portable.ratio, portable.ratio_min, portable.ratio_max, options.pairs,
	       byte_by_byte.ratio, byte_by_byte.ratio_min, byte_by_byte.ratio_max);
	if (options.json)
		printf("{\"bench\":\"scan\",\"avx2\":%s,\"bytes\":%.0f,\"scan_ns\":%.1f,\"portable_ns\":%.1f,"
		       "\"byte_ns\":%.1f,\"ratio\":%.3f,\"ratio_min\":%.3f,\"ratio_max\":%.3f,\"pairs\":%u}\n",
		       bench.avx2 ? "true" : "false", (double)bytes / MESSAGES, portable.a_ns, portable.b_ns,
		       byte_by_byte.b_ns, portable.ratio, portable.ratio_min, portable.ratio_max, options.pairs);
	return 0;
}
