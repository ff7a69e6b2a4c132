/* What a rule of the signatures may say, written once: the dataplane's reader, the link's rows, the CLI and the
 * documentation have it from here. */
#pragma once

#define XF_SIGNATURE_ID_SIZE 32 /* bytes of a rule's id, the NUL included */

/* What a byte is in the spans that are scanned: telephone numbers consist of the first kind, names, agents and host
 * names of the first two. */
enum signature_level { SIGNATURE_NUMBER, SIGNATURE_WORD, SIGNATURE_ODD, SIGNATURE_LEVELS };

/* X(symbol, "name", level, "the span that is scanned"): as it came, without unescaping. The level is what nearly every
 * such span holds: rules up to it are not kept apart, as they would be scanned one after the other all the same. */
#define SIGNATURE_PLACES(X)                                                                                            \
	X(ANYWHERE, "anywhere", ODD, "the whole message, body included")                                               \
	X(START_LINE, "start-line", ODD, "the first line, without its line end")                                       \
	X(REQUEST_USER, "request-user", NUMBER, "the user part of the Request-URI, without password")                  \
	X(FROM_USER, "from-user", NUMBER, "the user part of the URI in From")                                          \
	X(FROM_DISPLAY, "from-display", WORD,                                                                          \
	  "what stands before the < in From, without the quotes and blanks round it")                                  \
	X(TO_USER, "to-user", NUMBER, "the user part of the URI in To")                                                \
	X(CONTACT_USER, "contact-user", NUMBER, "the user part of the first URI in Contact")                           \
	X(USER_AGENT, "user-agent", WORD, "the value of User-Agent or Server")                                         \
	X(CALL_ID, "call-id", WORD, "the value of Call-ID")                                                            \
	X(VIA, "via", ODD, "the value of the topmost Via")                                                             \
	X(SUBJECT, "subject", WORD, "the value of Subject")

enum signature_place {
#define X(symbol, name, level, text) SIGNATURE_PLACE_##symbol,
	SIGNATURE_PLACES(X)
#undef X
	    SIGNATURE_PLACE_COUNT
};

/* X(symbol, "name"), the stronger first. */
#define SIGNATURE_ACTIONS(X)                                                                                           \
	X(DROP, "drop")                                                                                                \
	X(ALERT, "alert")                                                                                              \
	X(COUNT, "count")

enum signature_action {
#define X(symbol, name) SIGNATURE_##symbol,
	SIGNATURE_ACTIONS(X)
#undef X
	    SIGNATURE_NONE /* no rule hit; also the number of actions */
};

static inline const char *signature_place_name(unsigned place)
{
	static const char *const names[] = {
#define X(symbol, name, level, text) name,
	    SIGNATURE_PLACES(X)
#undef X
	};
	return place < SIGNATURE_PLACE_COUNT ? names[place] : "unknown";
}

static inline const char *signature_action_name(unsigned action)
{
	static const char *const names[] = {
#define X(symbol, name) name,
	    SIGNATURE_ACTIONS(X)
#undef X
	};
	return action < SIGNATURE_NONE ? names[action] : "none";
}
