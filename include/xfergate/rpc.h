/* The methods of the control plane's JSON-RPC 2.0 interface: one request a line, one response a line, on a Unix socket.
 * One list: it gives the API's dispatch and checks, the CLI's requests, and the tests that nothing is missing.
 *
 * Parameters go by name, in an object. What an answer holds is said in docs/cli.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* X(symbol, "method", "what it does") */
#define XF_RPC_METHODS(X)                                                                                              \
	X(SHOW_CALLS, "show.calls", "calls that are up, with their legs")                                              \
	X(SHOW_CALL, "show.call", "everything that is known of one call")                                              \
	X(SHOW_TRANSFERS, "show.transfers", "transfers under way and the last finished ones, with their attempts")     \
	X(SHOW_ENDPOINTS, "show.endpoints", "media endpoints of the dataplane, orphans included")                      \
	X(SHOW_PORTS, "show.ports", "network ports of the dataplane and their kernel interfaces")                      \
	X(SHOW_DATAPLANE, "show.dataplane", "workers of the dataplane, what their stages cost, ports and drops")       \
	X(SHOW_SOURCES, "show.sources", "address blocks that may talk SIP to the gateway, and their packets")          \
	X(SHOW_NUMBERS, "show.numbers", "registered telephone numbers and who authorises them")                        \
	X(SHOW_PLANS, "show.plans", "transfer plans with their targets in order")                                      \
	X(SHOW_PROVIDERS, "show.providers", "telephony providers")                                                     \
	X(SHOW_SCREEN, "show.screen", "what the screen of SIP passed and dropped, by peer and by rule")                \
	X(SHOW_STATS, "show.stats", "counters of both planes, drops by name")                                          \
	X(SHOW_VERSION, "show.version", "versions, age of the numbering data, uptime")                                 \
	X(TRANSFER, "transfer", "transfers a call to a number, a SIP URI or by a plan")                                \
	X(HANGUP, "hangup", "ends a call")                                                                             \
	X(CAPTURE_START, "capture.start", "copies what a call, or every call, says and hears to the client")           \
	X(CAPTURE_STOP, "capture.stop", "ends a capture of the same client")

enum xf_rpc_method {
#define X(symbol, name, help) XF_RPC_##symbol,
	XF_RPC_METHODS(X)
#undef X
	    XF_RPC_COUNT
};

enum xf_rpc_kind {
	XF_RPC_STRING, /* printable UTF-8, 1..max bytes */
	XF_RPC_BOOL,
};

/* X(method, "name", kind, required, max bytes, "what it says") */
#define XF_RPC_PARAMS(X)                                                                                               \
	X(SHOW_CALL, "call", STRING, true, 256, "our id, a leg's Call-ID, or the caller's number if it is unique")     \
	X(TRANSFER, "call", STRING, true, 256, "our id, a leg's Call-ID, or the caller's number if it is unique")      \
	X(TRANSFER, "to", STRING, false, 511, "telephone number or SIP URI; exactly one of to and plan")               \
	X(TRANSFER, "plan", STRING, false, 128, "name of a plan; exactly one of to and plan")                          \
	X(TRANSFER, "caller_id", STRING, false, 63, "registered number that the target sees; only with to")            \
	X(TRANSFER, "wait", BOOL, false, 0, "true: the answer comes when the transfer has its result; else at once")   \
	X(HANGUP, "call", STRING, true, 256, "our id, a leg's Call-ID, or the caller's number if it is unique")        \
	X(HANGUP, "reason", STRING, false, 100, "why, for the log")                                                    \
	X(CAPTURE_START, "call", STRING, false, 256, "as in show.call; exactly one of call and all")                   \
	X(CAPTURE_START, "all", BOOL, false, 0, "true: every call, and what belongs to none; one of call and all")     \
	X(CAPTURE_START, "media", BOOL, false, 0, "true: RTP and RTCP too")                                            \
	X(CAPTURE_STOP, "capture", STRING, true, 32, "what capture.start said")

/* Notifications, of a capture that the same client started: a UDP datagram, and after the last one of a call's capture
 * how many there were. */
#define XF_RPC_CAPTURE_PACKET "capture.packet"
#define XF_RPC_CAPTURE_END    "capture.end"

/* Bounds of a request line; beyond them it is refused whole. */
#define XF_RPC_LINE_MAX	 (1u << 20) /* bytes, without the line end */
#define XF_RPC_DEPTH_MAX 16	    /* arrays and objects inside one another */
#define XF_RPC_BATCH_MAX 32	    /* requests in one array */

/* error.code. The first five are those of JSON-RPC 2.0. */
enum xf_rpc_error {
	XF_RPC_PARSE = -32700,
	XF_RPC_INVALID_REQUEST = -32600,
	XF_RPC_METHOD_NOT_FOUND = -32601,
	XF_RPC_INVALID_PARAMS = -32602,
	XF_RPC_INTERNAL = -32603,
	XF_RPC_REFUSED = -32000, /* error.data.code is SIP-like: 403, 404, 491, 503 …; the message says what to do */
};

static inline const char *xf_rpc_name(unsigned method)
{
	static const char *const names[] = {
#define X(symbol, name, help) name,
	    XF_RPC_METHODS(X)
#undef X
	};
	return method < XF_RPC_COUNT ? names[method] : "unknown";
}

static inline const char *xf_rpc_help(unsigned method)
{
	static const char *const texts[] = {
#define X(symbol, name, help) help,
	    XF_RPC_METHODS(X)
#undef X
	};
	return method < XF_RPC_COUNT ? texts[method] : "";
}

/* XF_RPC_COUNT: no such method. */
static inline unsigned xf_rpc_find(const char *name)
{
	unsigned method = 0;
	while (method < XF_RPC_COUNT && strcmp(xf_rpc_name(method), name) != 0)
		method++;
	return method;
}

struct xf_rpc_param {
	enum xf_rpc_method method;
	const char *name;
	enum xf_rpc_kind kind;
	bool required;
	size_t max; /* bytes of a string */
	const char *help;
};

/* All parameters of all methods; *count says how many. */
static inline const struct xf_rpc_param *xf_rpc_params(size_t *count)
{
	static const struct xf_rpc_param params[] = {
#define X(symbol, name, kind, required, max, help) {XF_RPC_##symbol, name, XF_RPC_##kind, required, max, help},
	    XF_RPC_PARAMS(X)
#undef X
	};
	*count = sizeof(params) / sizeof(params[0]);
	return params;
}
