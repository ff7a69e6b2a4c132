/* Why the dataplane dropped a packet. One list: it gives the enum, the counters, the rows of
 * `xfergate show stats` and the test that no name is missing. Add at the end of a group. */
#pragma once

/* X(symbol, "name", "what it means, and what to look at") */
#define XF_DROPS(X)                                                                                                    \
	X(RUNT, "runt", "shorter than its headers say")                                                                \
	X(OTHER_MAC, "other-mac", "not for the port's MAC, nor multicast or broadcast")                                \
	X(OTHER_VLAN, "other-vlan", "without the tag of the port's vlan, or with another one's")                       \
	X(IP_INVALID, "ip-invalid", "IP header that RFC 791 or RFC 8200 does not allow")                               \
	X(UDP_INVALID, "udp-invalid", "UDP length beyond the packet")                                                  \
	X(UDP_CHECKSUM, "udp-checksum", "UDP checksum wrong")                                                          \
	X(MEDIA_FRAGMENT, "media-fragment", "IP fragment to a media address that is not SIP's")                        \
	X(FRAGMENT_SOURCE, "fragment-source", "fragment of unknown content from an address in no source block")        \
	X(NO_ENDPOINT, "no-endpoint", "media to a port on which no endpoint is open")                                  \
	X(STUN, "stun", "STUN on a media port: the peer tries ICE, which its SDP was not offered")                     \
	X(ZRTP, "zrtp", "ZRTP on a media port: the peer tries to agree on keys, which nobody here does")               \
	X(DTLS, "dtls", "DTLS on a media port: the peer wants SRTP, which its SDP was not offered")                    \
	X(TURN_CHANNEL, "turn-channel", "TURN channel data on a media port")                                           \
	X(NOT_RTP, "not-rtp", "something on a media port that is none of what RFC 7983 tells apart")                   \
	X(RTP_INVALID, "rtp-invalid", "RTP header that RFC 3550 does not allow")                                       \
	X(RTCP_INVALID, "rtcp-invalid", "RTCP compound packet that RFC 3550 does not allow")                           \
	X(RTCP_REDUCED, "rtcp-reduced", "RTCP of reduced size (RFC 5506), which was not agreed on")                    \
	X(WRONG_SOURCE, "wrong-source", "media from another address than the endpoint's locked source")                \
	X(PAYLOAD_TYPE, "payload-type", "payload type that neither leg has negotiated")                                \
	X(UNPATCHED, "unpatched", "valid media on an endpoint that feeds nobody")                                      \
	X(PAUSED, "paused", "the receiving leg is on hold")                                                            \
	X(ARMED_WAIT, "armed-wait", "media that is neither the present nor yet the armed source of its receiver")      \
	X(BEFORE_MAPPED, "before-mapped", "packet older than the first that its receiver got from this source")        \
	X(SEQUENCE_JUMP, "sequence-jump",                                                                              \
	  "first packet after a jump in its source's sequence; the next one confirms it")                              \
	X(EVENT_OVER, "event-over",                                                                                    \
	  "rest of a key's telephone-event that was ended for its receiver, or began before it was connected")         \
	X(RTCP_REPLACED, "rtcp-replaced", "RTCP of a source that no longer feeds the receiver")                        \
	X(NO_NEIGHBOUR, "no-neighbour", "next hop of the endpoint not resolved")                                       \
	X(HANDOVER_FULL, "handover-full", "ring to the owner worker full")                                             \
	X(TX_FULL, "tx-full", "the port did not take the packet")                                                      \
	X(KERNEL_RING_FULL, "kernel-ring-full", "ring to the kernel interface full")                                   \
	X(KERNEL_REFUSED, "kernel-refused", "the kernel interface did not take the packet")                            \
	X(SIP_SOURCE, "sip-source", "SIP over UDP from an address in no source block and not admitted")                \
	X(SIP_TCP_SOURCE, "sip-tcp-source", "TCP to a SIP port from an address in no source block and not admitted")   \
	X(SIP_PACKET_RATE, "sip-packet-rate", "more SIP packets than limits.packets of their peer allows")             \
	X(SIP_INVITE_RATE, "sip-invite-rate", "more new INVITEs than limits.invites of their peer allows")             \
	X(SIP_REQUEST_RATE, "sip-request-rate",                                                                        \
	  "more requests without To tag, or unreadable messages, than limits.requests of their peer allows")           \
	X(SIP_DIALOG_RATE, "sip-dialog-rate", "more requests with To tag than limits.dialogs of their peer allows")    \
	X(SIP_RESPONSE_RATE, "sip-response-rate", "more responses than limits.responses of their peer allows")         \
	X(SIP_CEILING, "sip-ceiling", "more SIP messages than screen.ceiling allows, and than the peer's share")       \
	X(SIP_MALFORMED, "sip-malformed", "no SIP message by its form, with screen.malformed: drop")                   \
	X(SIP_SIGNATURE, "sip-signature", "a rule of screen.signatures says drop")                                     \
	X(FRAGMENT_OVERLAP, "fragment-overlap",                                                                        \
	  "fragments of a datagram to SIP's address that overlap, or do not agree where it ends (RFC 5722)")           \
	X(FRAGMENT_LIMIT, "fragment-limit",                                                                            \
	  "more fragments than a datagram to SIP's address may have, or more of a peer's datagrams under way")         \
	X(FRAGMENT_TIMEOUT, "fragment-timeout", "fragments to SIP's address whose datagram did not get whole in time") \
	X(FRAGMENT_SMALL, "fragment-small",                                                                            \
	  "first fragment to SIP's address that is smaller than what any network makes")                               \
	X(NO_MBUF, "no-mbuf", "packet buffers used up")                                                                \
	X(CAPTURE_LOST, "capture-lost", "copy of a packet for a capture that found no room; the packet itself went on")

enum xf_drop {
#define X(symbol, name, text) XF_DROP_##symbol,
	XF_DROPS(X)
#undef X
	    XF_DROP_COUNT
};

/* What is dropped of the SIP of known peers, counted by peer as well: they stand together. */
#define XF_DROP_SCREEN_FIRST XF_DROP_SIP_PACKET_RATE
#define XF_SCREEN_DROP_COUNT (XF_DROP_FRAGMENT_SMALL - XF_DROP_SCREEN_FIRST + 1)

static inline const char *xf_drop_name(unsigned drop)
{
	static const char *const names[] = {
#define X(symbol, name, text) name,
	    XF_DROPS(X)
#undef X
	};
	return drop < XF_DROP_COUNT ? names[drop] : "unknown";
}

static inline const char *xf_drop_text(unsigned drop)
{
	static const char *const texts[] = {
#define X(symbol, name, text) text,
	    XF_DROPS(X)
#undef X
	};
	return drop < XF_DROP_COUNT ? texts[drop] : "";
}
