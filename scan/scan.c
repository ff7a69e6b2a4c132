/* What is no SIP message, and who reads what may be one. */
#include "paths.h"

#include "names.h"

/* RFC 8489 5: a type below 0x4000, of which RFC 7983 leaves STUN the first bytes 0 to 3; the length of what follows the
 * 20 bytes of the header, a multiple of 4; the magic cookie. */
static bool is_stun(const uint8_t *data, size_t len)
{
	static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};
	if (len < 20 || data[0] > 3)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (data[4 + i] != cookie[i])
			return false;
	size_t rest = (size_t)data[2] << 8 | data[3];
	return rest % 4 == 0 && rest == len - 20;
}

static inline enum sip_scan_verdict scan_with(struct sip_scan *scan, const uint8_t *data, size_t len,
					      enum sip_scan_verdict (*message)(struct sip_scan *, const uint8_t *,
									       size_t, size_t))
{
	size_t from = 0;
	if (len == 0)
		return SIP_SCAN_EMPTY;
	if (len > SIP_MESSAGE_MAX)
		return SIP_SCAN_TOO_LONG;
	while (len - from >= 2 && data[from] == '\r' && data[from + 1] == '\n')
		from += 2;
	if (from == len)
		return from == 2 ? SIP_SCAN_PONG : from == 4 ? SIP_SCAN_PING : SIP_SCAN_NOT_SIP;
	if (!names_token[data[from]])
		return is_stun(data, len) ? SIP_SCAN_STUN : SIP_SCAN_NOT_SIP;
	return message(scan, data, from, len);
}

enum sip_scan_verdict sip_scan_portable(struct sip_scan *scan, const void *data, size_t len)
{
	return scan_with(scan, data, len, portable_message);
}

#if defined(__x86_64__)

static enum sip_scan_verdict scan_avx2(struct sip_scan *scan, const void *data, size_t len)
{
	return scan_with(scan, data, len, avx2_message);
}

static inline bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

sip_scan_fn sip_scan_avx2(void)
{
	return has_avx2() ? scan_avx2 : NULL;
}

#else

sip_scan_fn sip_scan_avx2(void)
{
	return NULL;
}

#endif

enum sip_scan_verdict sip_scan(struct sip_scan *scan, const void *data, size_t len)
{
#if defined(__x86_64__)
	if (has_avx2())
		return scan_avx2(scan, data, len);
#endif
	return sip_scan_portable(scan, data, len);
}
