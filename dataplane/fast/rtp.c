#include <errno.h>
#include <string.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include "load.h"
#include "rtp.h"

/* RFC 7983 7, figure 3. */
static enum rtp_kind rtp_other_kind(uint8_t first)
{
	if (first <= 3)
		return RTP_KIND_STUN;
	if (first >= 16 && first <= 19)
		return RTP_KIND_ZRTP;
	if (first >= 20 && first <= 63)
		return RTP_KIND_DTLS;
	return first >= 64 && first <= 79 ? RTP_KIND_TURN_CHANNEL : RTP_KIND_OTHER;
}

enum rtp_kind rtp_kind(const uint8_t *data, size_t len)
{
	if (len < 2)
		return RTP_KIND_OTHER;
	if (unlikely(data[0] < 128 || data[0] > 191))
		return rtp_other_kind(data[0]);
	return data[1] >= 192 && data[1] <= 223 ? RTP_KIND_RTCP : RTP_KIND_RTP;
}

int rtp_parse(struct rtp *out, const uint8_t *data, size_t len)
{
	if (len < RTP_HEADER_LEN || len > UINT16_MAX || data[0] >> 6 != 2)
		return -EBADMSG;
	size_t at = RTP_HEADER_LEN + 4u * (data[0] & 0x0f), padding = 0;
	if (data[0] & 0x10) {
		if (at + 4 > len)
			return -EBADMSG;
		at += 4 + 4u * load_be16(data + at + 2);
	}
	if (at > len)
		return -EBADMSG;
	if (data[0] & 0x20) {
		padding = data[len - 1];
		if (padding == 0 || padding > len - at)
			return -EBADMSG;
	}
	*out = (struct rtp){
	    .pt = data[1] & 0x7f,
	    .marker = data[1] >> 7,
	    .seq = load_be16(data + 2),
	    .timestamp = load_be32(data + 4),
	    .ssrc = load_be32(data + 8),
	    .payload_len = (uint16_t)(len - at - padding),
	    .payload_at = (uint16_t)at,
	};
	return 0;
}

void rtp_write(uint8_t *data, uint8_t pt, bool marker, uint16_t seq, uint32_t timestamp, uint32_t ssrc)
{
	uint16_t seq_be = rte_cpu_to_be_16(seq);
	uint32_t timestamp_be = rte_cpu_to_be_32(timestamp), ssrc_be = rte_cpu_to_be_32(ssrc);
	data[1] = (uint8_t)(pt | (marker ? 0x80 : 0));
	memcpy(data + 2, &seq_be, 2);
	memcpy(data + 4, &timestamp_be, 4);
	memcpy(data + 8, &ssrc_be, 4);
}
