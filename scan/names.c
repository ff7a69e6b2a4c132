#include "names.h"

#include <string.h>

const char names_text[SIP_HEADER_COUNT][NAMES_WIDTH] = {
#define X(symbol, name, compact, once) [SIP_HEADER_##symbol] = name ":",
    SIP_HEADER_NAMES(X)
#undef X
};

const bool names_once[SIP_HEADER_COUNT] = {
#define X(symbol, name, compact, once) [SIP_HEADER_##symbol] = once,
    SIP_HEADER_NAMES(X)
#undef X
};

#define X(symbol, name, compact, once) _Static_assert(sizeof(name) < NAMES_WIDTH, name " is too wide for the table");
SIP_HEADER_NAMES(X)
#undef X

/* What has no compact form goes behind the letters, each to a place of its own. */
const uint8_t names_compact[26 + SIP_HEADER_COUNT] = {
#define X(symbol, name, compact, once) [(compact) ? (compact) - 'a' : 26 + SIP_HEADER_##symbol] = SIP_HEADER_##symbol,
    SIP_HEADER_NAMES(X)
#undef X
};

/* Two names in one slot do not compile (-Woverride-init): then NAMES_SLOT needs other factors. */
#define S(symbol, len, first, middle, last) [NAMES_SLOT(len, first, middle, last)] = SIP_HEADER_##symbol
const uint8_t names_slots[NAMES_SLOTS] = {
    S(ACCEPT, 6, 'a', 'e', 't'),
    S(ACCEPT_CONTACT, 14, 'a', 'c', 't'),
    S(ACCEPT_ENCODING, 15, 'a', 'e', 'g'),
    S(ACCEPT_LANGUAGE, 15, 'a', 'l', 'e'),
    S(ACCEPT_RESOURCE_PRIORITY, 24, 'a', 'r', 'y'),
    S(ALERT_INFO, 10, 'a', '-', 'o'),
    S(ALLOW, 5, 'a', 'l', 'w'),
    S(ALLOW_EVENTS, 12, 'a', 'e', 's'),
    S(ANSWER_MODE, 11, 'a', 'r', 'e'),
    S(AUTHENTICATION_INFO, 19, 'a', 'a', 'o'),
    S(AUTHORIZATION, 13, 'a', 'i', 'n'),
    S(CALL_ID, 7, 'c', 'l', 'd'),
    S(CALL_INFO, 9, 'c', '-', 'o'),
    S(CONTACT, 7, 'c', 't', 't'),
    S(CONTENT_DISPOSITION, 19, 'c', 'i', 'n'),
    S(CONTENT_ENCODING, 16, 'c', 'e', 'g'),
    S(CONTENT_ID, 10, 'c', 'n', 'd'),
    S(CONTENT_LANGUAGE, 16, 'c', 'l', 'e'),
    S(CONTENT_LENGTH, 14, 'c', '-', 'h'),
    S(CONTENT_TYPE, 12, 'c', 't', 'e'),
    S(CSEQ, 4, 'c', 'e', 'q'),
    S(DATE, 4, 'd', 't', 'e'),
    S(DIVERSION, 9, 'd', 'r', 'n'),
    S(ERROR_INFO, 10, 'e', '-', 'o'),
    S(EVENT, 5, 'e', 'e', 't'),
    S(EXPIRES, 7, 'e', 'i', 's'),
    S(FEATURE_CAPS, 12, 'f', 'e', 's'),
    S(FLOW_TIMER, 10, 'f', 't', 'r'),
    S(FROM, 4, 'f', 'o', 'm'),
    S(GEOLOCATION, 11, 'g', 'c', 'n'),
    S(GEOLOCATION_ERROR, 17, 'g', 'i', 'r'),
    S(GEOLOCATION_ROUTING, 19, 'g', 'o', 'g'),
    S(HISTORY_INFO, 12, 'h', 'y', 'o'),
    S(IDENTITY, 8, 'i', 't', 'y'),
    S(IDENTITY_INFO, 13, 'i', 't', 'o'),
    S(INFO_PACKAGE, 12, 'i', 'a', 'e'),
    S(IN_REPLY_TO, 11, 'i', 'p', 'o'),
    S(JOIN, 4, 'j', 'i', 'n'),
    S(MAX_BREADTH, 11, 'm', 'r', 'h'),
    S(MAX_FORWARDS, 12, 'm', 'r', 's'),
    S(MIME_VERSION, 12, 'm', 'e', 'n'),
    S(MIN_EXPIRES, 11, 'm', 'x', 's'),
    S(MIN_SE, 6, 'm', '-', 'e'),
    S(ORGANIZATION, 12, 'o', 'z', 'n'),
    S(P_ACCESS_NETWORK_INFO, 21, 'p', 'e', 'o'),
    S(P_ASSERTED_IDENTITY, 19, 'p', 'd', 'y'),
    S(P_ASSERTED_SERVICE, 18, 'p', 'd', 'e'),
    S(P_ASSOCIATED_URI, 16, 'p', 'a', 'i'),
    S(P_CALLED_PARTY_ID, 17, 'p', '-', 'd'),
    S(P_CHARGING_FUNCTION_ADDRESSES, 29, 'p', 'c', 's'),
    S(P_CHARGING_VECTOR, 17, 'p', 'n', 'r'),
    S(P_EARLY_MEDIA, 13, 'p', 'y', 'a'),
    S(P_MEDIA_AUTHORIZATION, 21, 'p', 't', 'n'),
    S(P_PREFERRED_IDENTITY, 20, 'p', 'd', 'y'),
    S(P_PREFERRED_SERVICE, 19, 'p', 'e', 'e'),
    S(P_PRIVATE_NETWORK_INDICATION, 28, 'p', 'o', 'n'),
    S(P_PROFILE_KEY, 13, 'p', 'i', 'y'),
    S(P_SERVED_USER, 13, 'p', 'e', 'r'),
    S(P_USER_DATABASE, 15, 'p', 'd', 'e'),
    S(P_VISITED_NETWORK_ID, 20, 'p', 'n', 'd'),
    S(PATH, 4, 'p', 't', 'h'),
    S(PERMISSION_MISSING, 18, 'p', 'n', 'g'),
    S(POLICY_CONTACT, 14, 'p', 'c', 't'),
    S(POLICY_ID, 9, 'p', 'c', 'd'),
    S(PRIORITY, 8, 'p', 'r', 'y'),
    S(PRIV_ANSWER_MODE, 16, 'p', 'w', 'e'),
    S(PRIVACY, 7, 'p', 'v', 'y'),
    S(PROXY_AUTHENTICATE, 18, 'p', 'h', 'e'),
    S(PROXY_AUTHORIZATION, 19, 'p', 'h', 'n'),
    S(PROXY_REQUIRE, 13, 'p', 'r', 'e'),
    S(RACK, 4, 'r', 'c', 'k'),
    S(REASON, 6, 'r', 's', 'n'),
    S(RECORD_ROUTE, 12, 'r', '-', 'e'),
    S(RECV_INFO, 9, 'r', '-', 'o'),
    S(REFER_EVENTS_AT, 15, 'r', 'v', 't'),
    S(REFER_SUB, 9, 'r', 'r', 'b'),
    S(REFER_TO, 8, 'r', 'r', 'o'),
    S(REFERRED_BY, 11, 'r', 'r', 'y'),
    S(REJECT_CONTACT, 14, 'r', 'c', 't'),
    S(REMOTE_PARTY_ID, 15, 'r', 'p', 'd'),
    S(REPLACES, 8, 'r', 'a', 's'),
    S(REPLY_TO, 8, 'r', 'y', 'o'),
    S(REQUEST_DISPOSITION, 19, 'r', 'i', 'n'),
    S(REQUIRE, 7, 'r', 'u', 'e'),
    S(RESOURCE_PRIORITY, 17, 'r', '-', 'y'),
    S(RETRY_AFTER, 11, 'r', '-', 'r'),
    S(ROUTE, 5, 'r', 'u', 'e'),
    S(RSEQ, 4, 'r', 'e', 'q'),
    S(SECURITY_CLIENT, 15, 's', 'y', 't'),
    S(SECURITY_SERVER, 15, 's', 'y', 'r'),
    S(SECURITY_VERIFY, 15, 's', 'y', 'y'),
    S(SERVER, 6, 's', 'v', 'r'),
    S(SERVICE_ROUTE, 13, 's', 'e', 'e'),
    S(SESSION_EXPIRES, 15, 's', '-', 's'),
    S(SESSION_ID, 10, 's', 'o', 'd'),
    S(SIP_ETAG, 8, 's', 'e', 'g'),
    S(SIP_IF_MATCH, 12, 's', '-', 'h'),
    S(SUBJECT, 7, 's', 'j', 't'),
    S(SUBSCRIPTION_STATE, 18, 's', 'i', 'e'),
    S(SUPPORTED, 9, 's', 'o', 'd'),
    S(SUPPRESS_IF_MATCH, 17, 's', '-', 'h'),
    S(TARGET_DIALOG, 13, 't', '-', 'g'),
    S(TIMESTAMP, 9, 't', 's', 'p'),
    S(TO, 2, 't', 'o', 'o'),
    S(TRIGGER_CONSENT, 15, 't', '-', 't'),
    S(UNSUPPORTED, 11, 'u', 'p', 'd'),
    S(USER_AGENT, 10, 'u', 'a', 't'),
    S(USER_TO_USER, 12, 'u', 'o', 'r'),
    S(VIA, 3, 'v', 'i', 'a'),
    S(WARNING, 7, 'w', 'n', 'g'),
    S(WWW_AUTHENTICATE, 16, 'w', 'e', 'e'),
    S(X_XFERGATE_CALL, 15, 'x', 'a', 'l'),
};
#undef S

const bool names_token[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
    ['!'] = true,	  ['%'] = true,		['*'] = true,	      ['_'] = true, ['+'] = true,
    ['`'] = true,	  ['\''] = true,	['~'] = true,
};

enum sip_method names_method(const uint8_t *text, size_t len)
{
#define X(name)                                                                                                        \
	if (len == sizeof(#name) - 1 && memcmp(text, #name, sizeof(#name) - 1) == 0)                                   \
		return SIP_##name;
	SIP_METHODS(X)
#undef X
	return SIP_METHOD_OTHER;
}

enum sip_header_id sip_header_find(const char *name, size_t len)
{
	const uint8_t *p = (const uint8_t *)name;
	if (len == 1)
		return (enum sip_header_id)names_by_letter(p[0]);
	if (len < 2 || len >= NAMES_WIDTH)
		return SIP_HEADER_OTHER;
	unsigned id = names_candidate(p, len);
	if (names_text[id][len] != ':')
		return SIP_HEADER_OTHER;
	/* The list has letters and hyphens only: what differs in this bit alone is the other case, or a control
	 * character. */
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || ((p[i] ^ (uint8_t)names_text[id][i]) & ~0x20))
			return SIP_HEADER_OTHER;
	return (enum sip_header_id)id;
}
