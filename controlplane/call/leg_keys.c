/* Keys that people press in a call. They may be a card's number or a code word, so without media.keys: show nobody
 * sees more of them than how many there were: not in the log, not over the API. */
#include "call/shard.h"

static char key_name(uint8_t code)
{
	static const char names[] = "0123456789*#ABCD!"; /* RFC 4733 table 3; ! is flash */
	return code < sizeof(names) - 1 ? names[code] : '?';
}

void leg_key_pressed(struct leg *leg, uint8_t code, uint32_t duration_ms)
{
	bool show = leg->shard->config->keys_shown;
	char key = show ? key_name(code) : '-';
	leg->key_count++;
	leg_event(leg, LOG_LEVEL_DEBUG, "event=key number=%u key=%c duration_ms=%u", leg->key_count, key, duration_ms);
	if (!show)
		return;
	size_t len = strlen(leg->keys);
	if (len == LEG_KEYS_MAX)
		memmove(leg->keys, leg->keys + 1, len--);
	leg->keys[len] = key;
	leg->keys[len + 1] = 0;
}
