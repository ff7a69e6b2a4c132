#include "invites.h"

#include <stdio.h>
#include "turns.h"

static unsigned dice(struct invites *invites, unsigned below)
{
	invites->random ^= invites->random << 13;
	invites->random ^= invites->random >> 7;
	invites->random ^= invites->random << 17;
	return (unsigned)(invites->random >> 33) % below;
}

struct invites invites_begin(void)
{
	return (struct invites){.random = 88172645463325252ull};
}

size_t invites_write(struct invites *invites, char text[static INVITE_SIZE], unsigned host)
{
	static const char *const agents[] = {"Trunk Gateway", "Asterisk PBX 18.10.0~dfsg+~cs6.10.40431411-2",
					     "FPBX-16.0.40(18.9-cert4)", "Trunk-SBC 9.3.0p2"};
	static const char *const names[] = {"", "\"WIRELESS CALLER\" ", "\"Front Desk\" ", "\"J. O'Doe\" "};
	char sdp[400], name[64];
	host = host ? host : 1 + dice(invites, 250);
	unsigned port = 10000 + 2 * dice(invites, 20000);
	unsigned caller = dice(invites, 10000), callee = dice(invites, 10000);
	int sdp_len = snprintf(sdp, sizeof(sdp),
			       "v=0\r\no=- %u %u IN IP4 198.51.100.%u\r\ns=-\r\nc=IN IP4 198.51.100.%u\r\nt=0 0\r\n"
			       "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n",
			       dice(invites, 1000000), dice(invites, 10), host, host, port);
	unsigned which = dice(invites, 5);
	if (which == 4)
		snprintf(name, sizeof(name), "\"+1202555%04u\" ", caller);
	else
		snprintf(name, sizeof(name), "%s", names[which]);
	int len =
	    snprintf(text, INVITE_SIZE,
		     "INVITE sip:+1202555%04u@192.0.2.1;user=phone SIP/2.0\r\n"
		     "Via: SIP/2.0/UDP 198.51.100.%u:5060;branch=z9hG4bK%08x%08x;rport\r\nMax-Forwards: %u\r\n"
		     "From: %s<sip:+1202555%04u@198.51.100.%u>;tag=%x%x\r\n"
		     "To: <sip:+1202555%04u@192.0.2.1;user=phone>\r\nCall-ID: %x%x%x@198.51.100.%u\r\n"
		     "CSeq: %u INVITE\r\nContact: <sip:+1202555%04u@198.51.100.%u:5060;transport=udp>\r\n"
		     "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO\r\n"
		     "Supported: timer, 100rel, replaces\r\nSession-Expires: %u\r\n"
		     "P-Asserted-Identity: <sip:+1202555%04u@198.51.100.%u>\r\nUser-Agent: %s\r\n"
		     "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		     callee, host, dice(invites, 1u << 30), dice(invites, 1u << 30), 60 + dice(invites, 11), name,
		     caller, host, dice(invites, 1u << 30), dice(invites, 1u << 12), callee, dice(invites, 1u << 30),
		     dice(invites, 1u << 30), dice(invites, 1u << 30), host, dice(invites, 100000), caller, host,
		     600 + dice(invites, 3000), caller, host, agents[dice(invites, 4)], sdp_len, sdp);
	turns_require(len > 0 && (unsigned)len < INVITE_SIZE, "a message is too long");
	return (size_t)len;
}
