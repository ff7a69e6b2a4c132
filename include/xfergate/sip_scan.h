/* The scan of a SIP message: where its start line and headers stand, and what screening asks of them, without a copy.
 *
 * Both planes read with it: the dataplane's screen and, of lists and limits, the control plane. A pure function over
 * bytes: no allocation, no locale, no state; any thread and any worker may call it, each with a `struct sip_scan` of
 * its own. It never reads outside data[0..len). Time is linear in the length of the head, whatever stands there.
 *
 * It is strict about structure, where two readers could see two messages (RFC 3261 7, 25.1): lines end with CRLF only,
 * a header name is a token that only spaces and tabs part from its colon, control characters stand nowhere but as
 * quoted pairs, what may stand once stands once. It reads values only as far as screening needs them. What it accepts
 * may still be refused with a 4xx by the control plane, which reads all; what the control plane accepts, it accepts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes. A span's offsets and lengths fit uint16_t for this reason. */
#define SIP_MESSAGE_MAX 65535
/* Header fields; a folded one counts once. */
#define SIP_HEADERS_MAX 256
/* Lines from start line to empty line, continuation lines included. */
#define SIP_LINES_MAX 512
/* Bytes of the start line, or of one header field with all its continuation lines; without the last CRLF. */
#define SIP_LINE_MAX 8192
/* Bytes of a header name or a method. */
#define SIP_NAME_MAX 128

/* X(name); case counts (RFC 3261 7.1). */
#define SIP_METHODS(X)                                                                                                 \
	X(INVITE)                                                                                                      \
	X(ACK)                                                                                                         \
	X(BYE)                                                                                                         \
	X(CANCEL)                                                                                                      \
	X(OPTIONS)                                                                                                     \
	X(REFER)                                                                                                       \
	X(NOTIFY)                                                                                                      \
	X(UPDATE)                                                                                                      \
	X(PRACK)                                                                                                       \
	X(INFO)                                                                                                        \
	X(MESSAGE)                                                                                                     \
	X(SUBSCRIBE)                                                                                                   \
	X(PUBLISH)                                                                                                     \
	X(REGISTER)

enum sip_method {
#define X(name) SIP_##name,
	SIP_METHODS(X)
#undef X
	    SIP_METHOD_OTHER
};

/* X(symbol, "Long-Form", compact form or 0, stands at most once in a message)
 *
 * Once: what RFC 3261 or its extension allows once only, and that decides where something goes or who asks. Whoever
 * adds a name adds its slot in scan/names.c; a test says which. */
#define SIP_HEADER_NAMES(X)                                                                                            \
	X(ACCEPT, "Accept", 0, false)                                                                                  \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a', false)                                                                \
	X(ACCEPT_ENCODING, "Accept-Encoding", 0, false)                                                                \
	X(ACCEPT_LANGUAGE, "Accept-Language", 0, false)                                                                \
	X(ACCEPT_RESOURCE_PRIORITY, "Accept-Resource-Priority", 0, false)                                              \
	X(ALERT_INFO, "Alert-Info", 0, false)                                                                          \
	X(ALLOW, "Allow", 0, false)                                                                                    \
	X(ALLOW_EVENTS, "Allow-Events", 'u', false)                                                                    \
	X(ANSWER_MODE, "Answer-Mode", 0, false)                                                                        \
	X(AUTHENTICATION_INFO, "Authentication-Info", 0, false)                                                        \
	X(AUTHORIZATION, "Authorization", 0, false)                                                                    \
	X(CALL_ID, "Call-ID", 'i', true)                                                                               \
	X(CALL_INFO, "Call-Info", 0, false)                                                                            \
	X(CONTACT, "Contact", 'm', false)                                                                              \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0, true)                                                         \
	X(CONTENT_ENCODING, "Content-Encoding", 'e', false)                                                            \
	X(CONTENT_ID, "Content-ID", 0, false)                                                                          \
	X(CONTENT_LANGUAGE, "Content-Language", 0, false)                                                              \
	X(CONTENT_LENGTH, "Content-Length", 'l', true)                                                                 \
	X(CONTENT_TYPE, "Content-Type", 'c', true)                                                                     \
	X(CSEQ, "CSeq", 0, true)                                                                                       \
	X(DATE, "Date", 0, false)                                                                                      \
	X(DIVERSION, "Diversion", 0, false)                                                                            \
	X(ERROR_INFO, "Error-Info", 0, false)                                                                          \
	X(EVENT, "Event", 'o', true)                                                                                   \
	X(EXPIRES, "Expires", 0, true)                                                                                 \
	X(FEATURE_CAPS, "Feature-Caps", 0, false)                                                                      \
	X(FLOW_TIMER, "Flow-Timer", 0, false)                                                                          \
	X(FROM, "From", 'f', true)                                                                                     \
	X(GEOLOCATION, "Geolocation", 0, false)                                                                        \
	X(GEOLOCATION_ERROR, "Geolocation-Error", 0, false)                                                            \
	X(GEOLOCATION_ROUTING, "Geolocation-Routing", 0, false)                                                        \
	X(HISTORY_INFO, "History-Info", 0, false)                                                                      \
	X(IDENTITY, "Identity", 'y', false)                                                                            \
	X(IDENTITY_INFO, "Identity-Info", 'n', false)                                                                  \
	X(INFO_PACKAGE, "Info-Package", 0, false)                                                                      \
	X(IN_REPLY_TO, "In-Reply-To", 0, false)                                                                        \
	X(JOIN, "Join", 0, false)                                                                                      \
	X(MAX_BREADTH, "Max-Breadth", 0, false)                                                                        \
	X(MAX_FORWARDS, "Max-Forwards", 0, true)                                                                       \
	X(MIME_VERSION, "MIME-Version", 0, false)                                                                      \
	X(MIN_EXPIRES, "Min-Expires", 0, false)                                                                        \
	X(MIN_SE, "Min-SE", 0, true)                                                                                   \
	X(ORGANIZATION, "Organization", 0, false)                                                                      \
	X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0, false)                                                    \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, false)                                                        \
	X(P_ASSERTED_SERVICE, "P-Asserted-Service", 0, false)                                                          \
	X(P_ASSOCIATED_URI, "P-Associated-URI", 0, false)                                                              \
	X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0, false)                                                            \
	X(P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", 0, false)                                    \
	X(P_CHARGING_VECTOR, "P-Charging-Vector", 0, false)                                                            \
	X(P_EARLY_MEDIA, "P-Early-Media", 0, false)                                                                    \
	X(P_MEDIA_AUTHORIZATION, "P-Media-Authorization", 0, false)                                                    \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, false)                                                      \
	X(P_PREFERRED_SERVICE, "P-Preferred-Service", 0, false)                                                        \
	X(P_PRIVATE_NETWORK_INDICATION, "P-Private-Network-Indication", 0, false)                                      \
	X(P_PROFILE_KEY, "P-Profile-Key", 0, false)                                                                    \
	X(P_SERVED_USER, "P-Served-User", 0, false)                                                                    \
	X(P_USER_DATABASE, "P-User-Database", 0, false)                                                                \
	X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0, false)                                                      \
	X(PATH, "Path", 0, false)                                                                                      \
	X(PERMISSION_MISSING, "Permission-Missing", 0, false)                                                          \
	X(POLICY_CONTACT, "Policy-Contact", 0, false)                                                                  \
	X(POLICY_ID, "Policy-ID", 0, false)                                                                            \
	X(PRIORITY, "Priority", 0, false)                                                                              \
	X(PRIV_ANSWER_MODE, "Priv-Answer-Mode", 0, false)                                                              \
	X(PRIVACY, "Privacy", 0, false)                                                                                \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, false)                                                          \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, false)                                                        \
	X(PROXY_REQUIRE, "Proxy-Require", 0, false)                                                                    \
	X(RACK, "RAck", 0, true)                                                                                       \
	X(REASON, "Reason", 0, false)                                                                                  \
	X(RECORD_ROUTE, "Record-Route", 0, false)                                                                      \
	X(RECV_INFO, "Recv-Info", 0, false)                                                                            \
	X(REFER_EVENTS_AT, "Refer-Events-At", 0, false)                                                                \
	X(REFER_SUB, "Refer-Sub", 0, true)                                                                             \
	X(REFER_TO, "Refer-To", 'r', true)                                                                             \
	X(REFERRED_BY, "Referred-By", 'b', true)                                                                       \
	X(REJECT_CONTACT, "Reject-Contact", 'j', false)                                                                \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 0, false)                                                                \
	X(REPLACES, "Replaces", 0, true)                                                                               \
	X(REPLY_TO, "Reply-To", 0, false)                                                                              \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'd', false)                                                      \
	X(REQUIRE, "Require", 0, false)                                                                                \
	X(RESOURCE_PRIORITY, "Resource-Priority", 0, false)                                                            \
	X(RETRY_AFTER, "Retry-After", 0, true)                                                                         \
	X(ROUTE, "Route", 0, false)                                                                                    \
	X(RSEQ, "RSeq", 0, true)                                                                                       \
	X(SECURITY_CLIENT, "Security-Client", 0, false)                                                                \
	X(SECURITY_SERVER, "Security-Server", 0, false)                                                                \
	X(SECURITY_VERIFY, "Security-Verify", 0, false)                                                                \
	X(SERVER, "Server", 0, false)                                                                                  \
	X(SERVICE_ROUTE, "Service-Route", 0, false)                                                                    \
	X(SESSION_EXPIRES, "Session-Expires", 'x', true)                                                               \
	X(SESSION_ID, "Session-ID", 0, false)                                                                          \
	X(SIP_ETAG, "SIP-ETag", 0, false)                                                                              \
	X(SIP_IF_MATCH, "SIP-If-Match", 0, false)                                                                      \
	X(SUBJECT, "Subject", 's', false)                                                                              \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0, true)                                                           \
	X(SUPPORTED, "Supported", 'k', false)                                                                          \
	X(SUPPRESS_IF_MATCH, "Suppress-If-Match", 0, false)                                                            \
	X(TARGET_DIALOG, "Target-Dialog", 0, true)                                                                     \
	X(TIMESTAMP, "Timestamp", 0, false)                                                                            \
	X(TO, "To", 't', true)                                                                                         \
	X(TRIGGER_CONSENT, "Trigger-Consent", 0, false)                                                                \
	X(UNSUPPORTED, "Unsupported", 0, false)                                                                        \
	X(USER_AGENT, "User-Agent", 0, false)                                                                          \
	X(USER_TO_USER, "User-to-User", 0, false)                                                                      \
	X(VIA, "Via", 'v', false)                                                                                      \
	X(WARNING, "Warning", 0, false)                                                                                \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, false)                                                              \
	X(X_XFERGATE_CALL, "X-Xfergate-Call", 0, false)

enum sip_header_id {
	SIP_HEADER_OTHER, /* a name that is not in the list */
#define X(symbol, name, compact, once) SIP_HEADER_##symbol,
	SIP_HEADER_NAMES(X)
#undef X
	    SIP_HEADER_COUNT
};

/* X(symbol, "name", "what it means, and what to look at"). First what is passed, then keep-alives, then refusals. */
#define SIP_SCAN_VERDICTS(X)                                                                                           \
	X(MESSAGE, "message", "a SIP request or response, whose structure is whole")                                   \
	X(EMPTY, "empty", "keep-alive: a datagram without a byte")                                                     \
	X(PONG, "crlf", "keep-alive: one CRLF, the answer to a double one (RFC 5626 4.4.1)")                           \
	X(PING, "double-crlf", "keep-alive: two CRLFs (RFC 5626 4.4.1)")                                               \
	X(STUN, "stun", "keep-alive: a STUN message (RFC 5626 4.4.2, told apart by RFC 7983)")                         \
	X(TOO_LONG, "too-long", "longer than 65,535 bytes")                                                            \
	X(NOT_SIP, "not-sip", "does not begin as a SIP message does")                                                  \
	X(BARE_CR, "bare-cr", "a CR without LF in the head")                                                           \
	X(BARE_LF, "bare-lf", "a LF without CR in the head")                                                           \
	X(CONTROL, "control-character", "a control character in the head, not a quoted pair")                          \
	X(UNFINISHED, "no-empty-line", "the headers do not end with an empty line")                                    \
	X(LINES, "too-many-lines", "more than 512 lines in the head")                                                  \
	X(START_LINE, "start-line", "neither \"method URI version\" nor \"SIP/2.0 code reason\"")                      \
	X(START_LINE_LONG, "start-line-too-long", "a start line of more than 8,192 bytes")                             \
	X(METHOD_LONG, "method-too-long", "a method of more than 128 bytes")                                           \
	X(STATUS, "status", "a status code that is not 100 to 699, or without a space behind it")                      \
	X(FIRST_FOLDED, "space-first", "white space before the first header name")                                     \
	X(NO_COLON, "no-colon", "a header line without a colon")                                                       \
	X(NAME, "header-name", "a header name that is empty or no token")                                              \
	X(NAME_LONG, "name-too-long", "a header name of more than 128 bytes")                                          \
	X(LINE_LONG, "line-too-long", "a header of more than 8,192 bytes")                                             \
	X(HEADERS, "too-many-headers", "more than 256 headers")                                                        \
	X(REPEATED, "repeated-header", "a header twice that may stand once, and that decides who asks or where to")

enum sip_scan_verdict {
#define X(symbol, name, text) SIP_SCAN_##symbol,
	SIP_SCAN_VERDICTS(X)
#undef X
	    SIP_SCAN_VERDICT_COUNT
};

static inline bool sip_scan_is_keepalive(enum sip_scan_verdict verdict)
{
	return verdict >= SIP_SCAN_EMPTY && verdict <= SIP_SCAN_STUN;
}

static inline bool sip_scan_is_refused(enum sip_scan_verdict verdict)
{
	return verdict > SIP_SCAN_STUN;
}

/* What is shed first when there is too much stands first. A To that cannot be read is one without tag. */
enum sip_class {
	SIP_CLASS_INVITE,   /* new INVITE: no To tag */
	SIP_CLASS_REQUEST,  /* another request without To tag */
	SIP_CLASS_DIALOG,   /* request with To tag */
	SIP_CLASS_RESPONSE, /* */
	SIP_CLASS_COUNT
};

/* Values that could not be read, though the structure is whole. The control plane refuses such a request with a 4xx or
 * 505; who drops it earlier leaves the sender without that answer. */
enum sip_odd {
	SIP_ODD_START_LINE = 1 << 0,	 /* more spaces than two, or another version than SIP/2.0 */
	SIP_ODD_REQUEST_URI = 1 << 1,	 /* no URI */
	SIP_ODD_FROM = 1 << 2,		 /* no address: open quote or bracket, no URI */
	SIP_ODD_TO = 1 << 3,		 /* likewise, or parameters that are none, or two tags */
	SIP_ODD_CONTACT = 1 << 4,	 /* the first one is no address */
	SIP_ODD_CSEQ = 1 << 5,		 /* not "number method" with a number below 2^32 */
	SIP_ODD_CONTENT_LENGTH = 1 << 6, /* no number, or more than there is */
};

/* Bytes of the message: data[off] to data[off + len - 1]. {0, 0}: there is none. */
struct sip_span {
	uint16_t off, len;
};

struct sip_scan_header {
	struct sip_span name;  /* as written, without the white space before the colon */
	struct sip_span value; /* without white space (and folds) round it */
	uint8_t id;	       /* enum sip_header_id */
	bool folded;	       /* value has CRLF and white space inside, which mean one space (RFC 3261 7.3.1) */
};

/* User parts are as written: escaped, without password, "" of URIs without one and of schemes other than sip, sips and
 * tel; of a tel URI its number. */
struct sip_scan {
	struct sip_span start_line; /* without CRLF; off > 0: CRLFs stood before it (RFC 3261 7.5) */
	bool request;
	uint8_t class_id;	     /* enum sip_class */
	uint8_t method;		     /* enum sip_method; of a response SIP_METHOD_OTHER */
	uint8_t cseq_method;	     /* enum sip_method */
	uint16_t status;	     /* response: 100..699 */
	uint16_t odd;		     /* enum sip_odd, a bit each */
	struct sip_span method_name; /* request */
	struct sip_span request_uri; /* request */
	struct sip_span request_user, from_user, to_user;
	struct sip_span contact_user; /* of the first Contact */
	struct sip_span to_tag;	      /* len 0: none */
	struct sip_span cseq_method_name;
	uint32_t cseq;
	struct sip_span body; /* as long as Content-Length says; up to the end without it, or if that is odd */
	uint16_t header_count;
	uint16_t
	    first[SIP_HEADER_COUNT]; /* by id: number of its first header, counted from 1; 0: none. [0] is unused */
	struct sip_scan_header headers[SIP_HEADERS_MAX]; /* header_count of them, in the message's order */
};

/* Scans one datagram, or one message cut out of a stream. With SIP_SCAN_MESSAGE all of *scan is set (of headers[] the
 * first header_count); else nothing of it means anything. `data` may be NULL if len is 0. */
enum sip_scan_verdict sip_scan(struct sip_scan *scan, const void *data, size_t len);

/* By name in any case, long or compact; compared in full. SIP_HEADER_OTHER: not in the list. */
enum sip_header_id sip_header_find(const char *name, size_t len);

/* The first header's value; {0, 0} if there is none. */
static inline struct sip_span sip_scan_value(const struct sip_scan *scan, enum sip_header_id id)
{
	return scan->first[id] ? scan->headers[scan->first[id] - 1].value : (struct sip_span){0, 0};
}

static inline const char *sip_method_name(enum sip_method method)
{
	static const char *const names[] = {
#define X(name) #name,
	    SIP_METHODS(X)
#undef X
	};
	return (unsigned)method < SIP_METHOD_OTHER ? names[method] : "OTHER";
}

/* The long form. */
static inline const char *sip_header_name(unsigned id)
{
	static const char *const names[] = {"other",
#define X(symbol, name, compact, once) name,
					    SIP_HEADER_NAMES(X)
#undef X
	};
	return id < SIP_HEADER_COUNT ? names[id] : "other";
}

static inline const char *sip_scan_verdict_name(unsigned verdict)
{
	static const char *const names[] = {
#define X(symbol, name, text) name,
	    SIP_SCAN_VERDICTS(X)
#undef X
	};
	return verdict < SIP_SCAN_VERDICT_COUNT ? names[verdict] : "unknown";
}

static inline const char *sip_scan_verdict_text(unsigned verdict)
{
	static const char *const texts[] = {
#define X(symbol, name, text) text,
	    SIP_SCAN_VERDICTS(X)
#undef X
	};
	return verdict < SIP_SCAN_VERDICT_COUNT ? texts[verdict] : "";
}
