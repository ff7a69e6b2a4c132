/* A plan's announcement: the caller hears a sound of the dataplane's through its send stream, then the plan goes on. */
#include "call/shard.h"
#include "policy/ringback.h"

/* 0, or a SIP status and why: a sound is there in a few codecs only, and the caller has agreed to one. */
static int check_codec(const struct leg *caller, char *why, size_t why_size)
{
	static const bool can[XF_CODEC_COUNT] = {
	    [XF_CODEC_PCMU] = true, [XF_CODEC_PCMA] = true, [XF_CODEC_G722] = true};
	for (unsigned i = 0; i < caller->local_sdp.codec_count; i++)
		if (can[caller->local_sdp.codecs[i].codec])
			return 0;
	snprintf(why, why_size, "sounds are there in PCMU, PCMA and G722, and the caller has none of them");
	return 488;
}

/* How long to wait for the end. */
static uint64_t longest_ns(const struct transfer_attempt *attempt, const struct media_prompt *prompt)
{
	uint64_t length_ns = (uint64_t)prompt->length_ms * prompt->times * NS_PER_MS;
	uint64_t limit_ns = attempt->ring_ms * NS_PER_MS;
	if (prompt->times == 0)
		return limit_ns ? limit_ns : TRANSFER_ANNOUNCE_NS;
	return limit_ns && limit_ns < length_ns ? limit_ns : length_ns + TRANSFER_PLAYED_NS;
}

static int find(const struct transfer *transfer, unsigned n, struct media_prompt *prompt,
		char name[static XF_PROMPT_NAME_SIZE])
{
	const struct call *call = shard_call(transfer->shard, transfer->call);
	ringback_sound(name, transfer->attempts[n].destination, call->region);
	return media_prompt(transfer->shard->media, name, prompt);
}

uint64_t transfer_announcement_ns(const struct transfer *transfer, unsigned n)
{
	struct media_prompt prompt;
	char name[XF_PROMPT_NAME_SIZE];
	return find(transfer, n, &prompt, name) < 0 ? 0 : longest_ns(&transfer->attempts[n], &prompt);
}

/* 0, or a SIP status and why. */
static int prepare(struct transfer *transfer, struct media_prompt *prompt, char *why, size_t why_size)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	const struct leg *caller = shard_leg(shard, call->caller_leg);
	char name[XF_PROMPT_NAME_SIZE];
	if (find(transfer, transfer->attempt, prompt, name) < 0) {
		snprintf(why, why_size, "the dataplane has no sound %s: reload it (SIGHUP)", name);
		return 500;
	}
	int status = caller->agreed ? check_codec(caller, why, why_size) : 0;
	if (status || caller->state > LEG_STATE_RINGING)
		return status;
	if (!media_ready(shard->media)) {
		snprintf(why, why_size, "the dataplane is not connected");
		return 500;
	}
	/* The charge begins here: whatever can be known to fail has not. */
	return call_answer_caller_alone(call, why, why_size);
}

void transfer_announce(struct transfer *transfer)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	struct transfer_attempt *attempt = &transfer->attempts[transfer->attempt];
	struct media_prompt prompt;
	char why[128];
	attempt->started_ns = shard->env->now_ns;
	int status = prepare(transfer, &prompt, why, sizeof(why));
	if (status) {
		transfer_next(transfer, status, why);
		return;
	}
	transfer->state = TRANSFER_ANNOUNCING;
	transfer->announcement = prompt.source;
	log_event(shard->env, LOG_LEVEL_INFO, "call=%s transfer=%s event=announcement number=%u sound=%s",
		  call->text_id, transfer->text_id, transfer->attempt + 1, attempt->destination);
	timer_set(&shard->env->timers, &transfer->deadline, shard->env->now_ns + longest_ns(attempt, &prompt));
	if (call_patch(call, false, call->caller_leg, NULL) < 0) {
		struct transfer_event refused = {TRANSFER_EVENT_PATCH_REFUSED};
		transfer_handle(transfer, &refused);
	}
}

void transfer_act_played(struct transfer *transfer, const struct transfer_event *event)
{
	transfer_next(transfer, 0,
		      event->type == TRANSFER_EVENT_PLAYED ? "played to its end" : "ended when its time was up");
}

void transfer_act_not_played(struct transfer *transfer, const struct transfer_event *event)
{
	transfer_next(transfer, 500, "the dataplane could not play it");
}
