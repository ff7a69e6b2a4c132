#include "due.h"

#define DUE_AHEAD 64 /* open inputs of a leg that are looked at */

static uint64_t add(uint64_t ns, int64_t delta)
{
	return delta < 0 && (uint64_t)-delta > ns ? 0 : ns + (uint64_t)delta;
}

static int64_t delay(const struct entry *later, const struct entry *earlier)
{
	return (int64_t)(later->ns - earlier->ns);
}

int64_t due_shift(const struct recording *rec, uint32_t leg_index, uint64_t recorded_ns, uint64_t shift_ns)
{
	const struct script_leg *leg = &rec->legs[leg_index];
	int64_t shift = (int64_t)shift_ns;
	/* a leg of thousands of messages is rare, and the loop is for its streams' beginnings only */
	for (uint32_t i = 0; i < leg->count; i++) {
		const struct entry *entry = &rec->entries[leg->entries[i]];
		if (entry->ns > recorded_ns)
			break;
		if (entry->state == ENTRY_DONE && entry->repeats == RECORDING_NONE)
			shift = (int64_t)(entry->live_ns - entry->ns);
	}
	return shift;
}

/* Was there a dialog in the capture before the entry? If not, it goes in as it stands. */
static bool dialog_recorded(const struct recording *rec, const struct script_leg *leg, uint32_t place)
{
	for (uint32_t i = 0; i < place; i++) {
		const struct facts *facts = &rec->entries[leg->entries[i]].facts;
		bool out = rec->entries[leg->entries[i]].out;
		/* the gateway's request is answered with a tag, or the party's by the gateway */
		if (facts->request ? out : out && facts->to_tag.at && facts->status > 100)
			return true;
	}
	return false;
}

/* Place of the latest output before `place` that has come, and (at *close) of the one directly before. */
static uint32_t find_anchor(const struct recording *rec, const struct script_leg *leg, uint32_t place, uint32_t *close)
{
	*close = RECORDING_NONE;
	for (uint32_t i = place; i-- > 0;) {
		const struct entry *entry = &rec->entries[leg->entries[i]];
		if (!entry->out || entry->repeats != RECORDING_NONE)
			continue;
		if (*close == RECORDING_NONE)
			*close = leg->entries[i];
		if (entry->state == ENTRY_DONE)
			return leg->entries[i];
	}
	return RECORDING_NONE;
}

static uint32_t last_input(const struct recording *rec, const struct script_leg *leg, uint32_t place)
{
	for (uint32_t i = place; i-- > 0;) {
		const struct entry *entry = &rec->entries[leg->entries[i]];
		if (!entry->out && entry->state == ENTRY_DONE)
			return leg->entries[i];
	}
	return RECORDING_NONE;
}

/* Inside a dialog, and answering nothing. */
static struct due inside(const struct recording *rec, const struct script_leg *leg, uint32_t place, uint64_t shift_ns)
{
	uint32_t index = leg->entries[place], close, anchor = find_anchor(rec, leg, place, &close);
	const struct entry *entry = &rec->entries[index];
	struct due due = {.entry = index};
	if (anchor == RECORDING_NONE)
		anchor = last_input(rec, leg, place);
	due.ns = anchor == RECORDING_NONE ? add(entry->ns, (int64_t)shift_ns)
					  : add(rec->entries[anchor].live_ns, delay(entry, &rec->entries[anchor]));
	if (close != RECORDING_NONE && rec->entries[close].state != ENTRY_DONE &&
	    entry->ns - rec->entries[close].ns <= DUE_CLOSE_NS) {
		due.ns += DUE_GRACE_NS;
		due.late = true;
	}
	return due;
}

/* An answer: directly after what it answers. */
static struct due after(const struct recording *rec, uint32_t index, uint32_t asked)
{
	const struct entry *entry = &rec->entries[index], *cause = &rec->entries[asked];
	if (cause->repeats != RECORDING_NONE)
		cause = &rec->entries[cause->repeats];
	if (cause->state != ENTRY_DONE || cause->cancelled)
		return (struct due){.ns = DUE_NEVER, .entry = index};
	return (struct due){.ns = add(cause->live_ns, delay(entry, cause)), .entry = index};
}

/* A 487 after a CANCEL. The INVITE of both may have been sent before the capture began. */
static bool is_cancelled(const struct entry *entry)
{
	return entry->cancelled_by != RECORDING_NONE && entry->answers != RECORDING_NONE;
}

static struct due due_of(const struct recording *rec, const struct script_leg *leg, uint32_t place, uint64_t shift_ns)
{
	uint32_t index = leg->entries[place];
	const struct entry *entry = &rec->entries[index];
	const struct facts *facts = &entry->facts;
	const struct due blocked = {.ns = DUE_NEVER, .entry = index};
	const struct due recorded = {.ns = add(entry->ns, (int64_t)shift_ns), .entry = index};
	bool as = rec->parties->as, answers = !facts->request || facts_is(facts, "ACK") || facts_is(facts, "PRACK");
	if (entry->cut)
		return blocked;
	if (entry->repeats != RECORDING_NONE) /* as long after the first as it was */
		return after(rec, index, entry->repeats);
	if (is_cancelled(entry) && !rec->entries[entry->answers].cancelled)
		return after(rec, index, entry->cancelled_by);
	if (entry->answers != RECORDING_NONE)
		return after(rec, index, entry->answers);
	if (facts->request && !facts->to_tag.at && !facts_is(facts, "CANCEL") &&
	    last_input(rec, leg, place) == RECORDING_NONE)
		return recorded;
	if (!dialog_recorded(rec, leg, place) && !facts_is(facts, "CANCEL"))
		return as && (answers || facts->to_tag.at) ? blocked : recorded;
	if (answers)
		return blocked;
	/* of a dialog: it must have come up in this run too, and be there still */
	if (facts->to_tag.at && (!leg->tag || leg->over))
		return blocked;
	if (facts_is(facts, "CANCEL") && last_input(rec, leg, place) == RECORDING_NONE)
		return blocked;
	return inside(rec, leg, place, shift_ns);
}

struct due due_of_leg(struct recording *rec, uint32_t leg_index, uint64_t shift_ns)
{
	struct script_leg *leg = &rec->legs[leg_index];
	struct due best = {.ns = DUE_NEVER, .entry = RECORDING_NONE};
	uint64_t floor = leg->last_in_ns;
	unsigned open = 0;
	while (leg->next_in < leg->count) {
		const struct entry *entry = &rec->entries[leg->entries[leg->next_in]];
		if (!entry->out && entry->state == ENTRY_OPEN)
			break;
		leg->next_in++;
	}
	for (uint32_t i = leg->next_in; i < leg->count && open < DUE_AHEAD; i++) {
		const struct entry *entry = &rec->entries[leg->entries[i]];
		if (entry->out || entry->state != ENTRY_OPEN)
			continue;
		open++;
		struct due due = due_of(rec, leg, i, shift_ns);
		if (due.ns == DUE_NEVER)
			continue;
		if (due.ns < floor)
			due.ns = floor;
		if (due.ns < best.ns)
			best = due;
		/* neither what only waits in case something comes nor a retransmission holds up answers */
		if (!due.late && entry->repeats == RECORDING_NONE)
			floor = due.ns;
		if (floor >= best.ns)
			break;
	}
	return best;
}

/* ---- why not */

static void give_up_answer(struct recording *rec, uint32_t index)
{
	const struct entry *entry = &rec->entries[index], *asked = &rec->entries[entry->answers];
	char to[XF_ADDR_STRLEN];
	if (asked->repeats != RECORDING_NONE)
		asked = &rec->entries[asked->repeats];
	if (asked->facts.request && asked->cancelled)
		recording_never(rec, index, "xfergate cancelled this %s", asked->facts.method);
	else if (asked->facts.request && asked->facts.to_tag.at)
		recording_never(rec, index, "xfergate did not send this %s", asked->facts.method);
	else if (asked->facts.request)
		recording_never(rec, index, "xfergate did not send this %s to %s", asked->facts.method,
				xf_addr_format(&asked->to.addr, to));
	else {
		const struct entry *request = asked->answers == RECORDING_NONE ? NULL : &rec->entries[asked->answers];
		if (request && request->live_status)
			recording_never(rec, index, "xfergate answered the %s with %u, not %u", asked->facts.method,
					request->live_status, asked->facts.status);
		else
			recording_never(rec, index, "xfergate did not answer the %s with %u", asked->facts.method,
					asked->facts.status);
	}
}

void due_give_up(struct recording *rec, uint32_t index)
{
	const struct entry *entry = &rec->entries[index];
	if (entry->repeats != RECORDING_NONE)
		recording_never(rec, index, "neither was #%llu, which it repeats",
				(unsigned long long)rec->entries[entry->repeats].number);
	else if (entry->cut)
		recording_never(rec, index, "the capture holds only its first %zu bytes; capture whole packets (-s 0)",
				entry->len);
	else if (is_cancelled(entry) && rec->entries[entry->answers].state == ENTRY_DONE &&
		 !rec->entries[entry->answers].cancelled)
		recording_never(rec, index, "xfergate did not cancel this INVITE");
	else if (entry->answers != RECORDING_NONE)
		give_up_answer(rec, index);
	else if (!entry->facts.request)
		recording_never(rec, index, "the request that it answers is not in the capture");
	else if (facts_is(&entry->facts, "ACK") || facts_is(&entry->facts, "PRACK"))
		recording_never(rec, index, "the answer that it acknowledges is not in the capture");
	else if (entry->leg != RECORDING_NONE && rec->legs[entry->leg].over)
		recording_never(rec, index, "xfergate had ended its dialog");
	else
		recording_never(rec, index, "its dialog did not come up");
}
