/* REFER from the agent (RFC 3515, with RFC 4488), and the NOTIFYs that tell it how its transfer goes. */
#include "call/shard.h"
#include "policy/refer_to.h"
#include "xfergate/fault.h"

#define REFER_EXPIRES_NS (300 * NS_PER_S) /* of the subscription, at least */
#define REFER_SPARE_NS	 (60 * NS_PER_S)  /* beyond the plan: to connect, and to tell how it ended */

static void refuse(struct leg *leg, sip_txn txn, int status, const char *why)
{
	char quoted[320];
	leg_event(leg, LOG_LEVEL_WARNING, "event=refer-refused status=%d reason=%s", status,
		  log_quote(quoted, sizeof(quoted), why));
	leg->shard->counts.transfers_refused++;
	shard_reply(leg->shard, txn, status, why);
}

/* 0, or why this leg may not ask now. */
static int may_ask(struct leg *leg, const struct call *call, const char **why)
{
	if (leg->kind != LEG_AGENT) {
		*why = "only the agent may transfer the caller";
		return 403;
	}
	if (call->transfer) {
		*why = "a transfer of this call is under way: wait for its final NOTIFY";
		return 491;
	}
	if (call->state != CALL_AGENT || leg->state != LEG_STATE_CONNECTED) {
		*why = "the caller is not connected to this agent";
		return 403;
	}
	return 0;
}

static void begin(struct transfer *transfer, struct leg *leg, sip_txn txn, const struct sip_message *request)
{
	const struct config_agent *agent = &leg->shard->config->agents[leg->agent];
	const char *sub = sip_message_header(request, "Refer-Sub", NULL);
	bool silent = sub && strncasecmp(sub, "false", 5) == 0;
	char headers[64] = "", contact[128];
	if (silent)
		sip_headers_add(headers, sizeof(headers), "Refer-Sub", "false");
	struct sip_reply reply = {.status = agent->refer_accept_code,
				  .to_tag = leg->local_tag,
				  .contact = leg_contact(leg, contact, sizeof(contact)),
				  .headers = headers};
	sip_respond(leg->shard->sip, txn, &reply);
	if (!silent) {
		transfer->refer_leg = leg->id;
		transfer->refer_id = request->cseq;
		transfer->refer_id_stated = leg->refers > 0;
	}
	leg->refers++;
	if (!silent)
		refer_notify(transfer, 100, NULL, false);
	transfer_start(transfer);
}

void refer_received(struct leg *leg, sip_txn txn, const struct sip_message *request)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	const char *why = NULL, *value;
	char reason[TRANSFER_REASON_MAX] = "", scratch[SIP_URI_MAX * 2];
	unsigned count = 0;
	struct sip_address to;
	int status = may_ask(leg, call, &why);
	if (status) {
		refuse(leg, txn, status, why);
		return;
	}
	value = sip_message_header(request, "Refer-To", &count);
	if (count != 1 || sip_address_parse(&to, value, scratch, sizeof(scratch)) < 0) {
		refuse(leg, txn, 400,
		       count == 0  ? "REFER needs a Refer-To"
		       : count > 1 ? "REFER has more than one Refer-To"
				   : "Refer-To is not an address: write <sip:user@host> or <tel:+number>");
		return;
	}
	struct transfer *transfer = transfer_create(call, TRANSFER_FROM_REFER);
	if (!transfer) {
		refuse(leg, txn, 500, "out of memory");
		return;
	}
	status = transfer_refer_set(transfer, &to.uri, reason, sizeof(reason));
	if (status) {
		transfer_discard(transfer);
		refuse(leg, txn, status, reason);
		return;
	}
	begin(transfer, leg, txn, request);
}

/* How long the subscription lasts from now on: longer than what is left of the plan may take (RFC 3515 3.4). */
static unsigned expires_s(const struct transfer *transfer)
{
	uint64_t ns = REFER_SPARE_NS;
	for (unsigned i = transfer->attempt; i < transfer->attempt_count; i++) {
		const struct transfer_attempt *attempt = &transfer->attempts[i];
		if (attempt->type == CONFIG_TARGET_ANNOUNCEMENT)
			ns += transfer_announcement_ns(transfer, i);
		else
			ns += attempt->ring_ms * NS_PER_MS + TRANSFER_PATCH_NS;
	}
	return ns < REFER_EXPIRES_NS ? REFER_EXPIRES_NS / NS_PER_S : (unsigned)(ns / NS_PER_S);
}

void refer_notify(struct transfer *transfer, int status, const char *reason, bool final)
{
	struct shard *shard = transfer->shard;
	struct leg *leg = shard_get_leg(shard, transfer->refer_leg);
	char headers[LEG_HEADERS_MAX] = "", body[640], quoted[TRANSFER_REASON_MAX + 32], id[24] = "";
	/* Progress waits for nobody: while one NOTIFY is unanswered the next progress is not told. */
	if (!leg || transfer->final_notified || (transfer->notify && !final))
		return;
	if (XF_FAULT("no-notify-after-bye") && leg->state == LEG_STATE_ENDED)
		return;
	if (transfer->refer_id_stated)
		snprintf(id, sizeof(id), ";id=%u", transfer->refer_id);
	sip_headers_add(headers, sizeof(headers), "Event", "refer%s", id);
	if (final)
		sip_headers_add(headers, sizeof(headers), "Subscription-State", "terminated;reason=noresource");
	else
		sip_headers_add(headers, sizeof(headers), "Subscription-State", "active;expires=%u",
				expires_s(transfer));
	int n = snprintf(body, sizeof(body), "SIP/2.0 %d %s\r\n", status, sip_reason(status));
	if (reason && *reason)
		n += snprintf(body + n, sizeof(body) - (size_t)n, "Warning: 399 xfergate %s\r\n",
			      log_quote(quoted, sizeof(quoted), reason));
	struct leg_request notify = {.method = SIP_NOTIFY,
				     .headers = headers,
				     .content_type = "message/sipfrag;version=2.0",
				     .body = body,
				     .body_len = (size_t)n};
	transfer->notified = (uint16_t)status;
	transfer->final_notified = final;
	if (leg_send(leg, &notify, &transfer->notify) < 0)
		transfer->notify = 0; /* the report's time limit goes on without an answer */
}

static struct transfer *notified_transfer(struct leg *leg, sip_txn txn)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	struct transfer *transfer = shard_get_transfer(leg->shard, call->transfer);
	return transfer && transfer->notify == txn ? transfer : NULL;
}

static void answered(struct transfer *transfer)
{
	struct transfer_event event = {TRANSFER_EVENT_REPORTED};
	transfer->notify = 0;
	if (transfer->final_notified)
		transfer_handle(transfer, &event);
}

void refer_notify_response(struct leg *leg, sip_txn txn, const struct sip_message *response)
{
	struct transfer *transfer = notified_transfer(leg, txn);
	char why[128];
	if (!transfer || response->status < 200)
		return;
	if ((response->status == 401 || response->status == 407) &&
	    leg_authenticate(leg, &transfer->notify, response, why, sizeof(why)) == 0)
		return;
	answered(transfer);
}

void refer_notify_failed(struct leg *leg, sip_txn txn)
{
	struct transfer *transfer = notified_transfer(leg, txn);
	if (transfer)
		answered(transfer);
}
