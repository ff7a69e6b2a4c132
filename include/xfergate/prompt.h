/* Prompts: sounds that a worker itself plays into an endpoint's send stream.
 *
 * The dataplane numbers them, and tells names and numbers at HELLO and after each reload (XF_LINK_PROMPT); a name keeps
 * its number for as long as that dataplane lives. On the link a prompt is named like an endpoint that feeds another:
 * index XF_ENDPOINT_PROMPT, and its number as the generation.
 */
#pragma once

#include "xfergate/endpoint.h"

#define XF_PROMPT_NAME_SIZE 32	/* with its NUL */
#define XF_PROMPT_NONE	    0	/* no prompt */
#define XF_PROMPT_NUMBERS   512 /* numbers are below */

/* Names that are always there, beside the tones of tone.h. */
#define XF_PROMPT_SILENCE "silence"	  /* digital silence, in packets */
#define XF_PROMPT_NOISE	  "comfort-noise" /* -60 dBm0 */

/* As a source. */
static inline struct xf_endpoint_id xf_prompt_id(uint32_t number)
{
	return (struct xf_endpoint_id){.index = XF_ENDPOINT_PROMPT, .generation = number};
}

/* The number that a source names. XF_PROMPT_NONE: it is no prompt, or out of range. */
static inline uint32_t xf_prompt_of(struct xf_endpoint_id source)
{
	return source.index == XF_ENDPOINT_PROMPT && source.generation < XF_PROMPT_NUMBERS ? source.generation
											   : XF_PROMPT_NONE;
}
