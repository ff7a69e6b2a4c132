/* The scan of a datagram: AVX2 and portable give equal results, every span lies in the message, each verdict means what
 * it says, and what the control plane accepts the scan accepts, in the same reading. */
#include "../unit/scan/same.h"
#include "fuzz.h"

static struct sip_scan scan;

/* A message whose head is cut short is refused. */
static void cut_short(const uint8_t *data)
{
	static struct sip_scan shorter;
	fuzz_check(sip_scan(&shorter, data, scan.body.off) == SIP_SCAN_MESSAGE);
	fuzz_check(shorter.header_count == scan.header_count && shorter.body.len == 0);
	fuzz_check(sip_scan_is_refused(sip_scan(&shorter, data, (size_t)scan.body.off - 1)));
}

static void headers(const uint8_t *data)
{
	for (unsigned i = 0; i < scan.header_count; i++) {
		const struct sip_scan_header *header = &scan.headers[i];
		const char *name = (const char *)data + header->name.off;
		fuzz_check(header->name.len > 0 && header->name.len <= SIP_NAME_MAX);
		fuzz_check(sip_header_find(name, header->name.len) == header->id, "%.*s", header->name.len, name);
		bool folded = header->value.len && memchr(data + header->value.off, '\n', header->value.len);
		fuzz_check(folded == header->folded);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum sip_scan_verdict verdict;
	const char *differs = same_every_way(&scan, &verdict, data, len);
	fuzz_check(!differs, "%s", differs);
	if (verdict == SIP_SCAN_MESSAGE) {
		headers(data);
		cut_short(data);
	}
	fuzz_check((verdict == SIP_SCAN_EMPTY) == (len == 0));
	fuzz_check((verdict == SIP_SCAN_TOO_LONG) == (len > SIP_MESSAGE_MAX));
	differs = same_as_controlplane(data, len, NULL);
	fuzz_check(!differs, "scan and control plane: %s", differs);
	return 0;
}
