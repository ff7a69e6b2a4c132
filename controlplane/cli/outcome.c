#include "outcome.h"

#include <stdlib.h>
#include <string.h>
#include "show_call.h"
#include "table.h"
#include "ladder/text.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void put_escaped(FILE *out, const char *text)
{
	char *safe = text_escape(text);
	fputs(safe ? safe : "", out);
	free(safe);
}

/* What became of the caller. */
static const char *caller_text(const char *result)
{
	static const char *const texts[][2] = {
	    {"returned", "; the caller is with the agent"},
	    {"hung-up", "; the caller was released"},
	    {"caller-gone", "; the caller has hung up"},
	    {"stopped", "; the call was ended by an operator"},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(result, texts[i][0]) == 0)
			return texts[i][1];
	return "";
}

static bool is_connected(const json_t *transfer)
{
	return strcmp(text_of(transfer, "result"), "connected") == 0;
}

int outcome_transfer_json(FILE *err, const json_t *transfer, bool waited)
{
	const char *result = text_of(transfer, "result"), *reason = text_of(transfer, "reason");
	/* not waited for, it may have failed all the same by the time of the answer */
	if (is_connected(transfer) || (!waited && strcmp(result, "none") == 0))
		return 0;
	fputs("xfergate: the transfer failed: ", err);
	put_escaped(err, *reason ? reason : result);
	fprintf(err, "%s\n", caller_text(result));
	return 1;
}

static void print_connected(FILE *out, const json_t *transfer)
{
	const json_t *attempts = json_object_get(transfer, "attempts");
	json_int_t at = json_integer_value(json_object_get(transfer, "attempt"));
	const json_t *attempt = at > 0 ? json_array_get(attempts, (size_t)at - 1) : NULL;
	char *time = table_seconds(json_object_get(transfer, "duration_s"));
	const char *destination = text_of(attempt, "destination");
	if (json_array_size(attempts) > 1 && at > 1)
		show_call_attempts(out, attempts);
	fputs("connected to ", out);
	put_escaped(out, *destination ? destination : text_of(attempt, "type"));
	fprintf(out, " after %s\n", time ? time : "-");
	free(time);
}

int outcome_transfer(FILE *out, FILE *err, const json_t *transfer, bool waited)
{
	if (is_connected(transfer)) {
		print_connected(out, transfer);
		return 0;
	}
	if (!waited && strcmp(text_of(transfer, "result"), "none") == 0) {
		fputs("transfer ", out);
		put_escaped(out, text_of(transfer, "id"));
		fputs(" started\n", out);
		return 0;
	}
	show_call_attempts(out, json_object_get(transfer, "attempts"));
	fflush(out);
	return outcome_transfer_json(err, transfer, waited);
}

void outcome_hangup(FILE *out, const json_t *result)
{
	fputs("call ", out);
	put_escaped(out, text_of(result, "id"));
	fputs(" is being ended\n", out);
}
