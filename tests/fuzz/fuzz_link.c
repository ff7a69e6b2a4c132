/* Packets of the link, by the input's first byte: commands into the dataplane (even), answers and events into the
 * control plane (odd). */
#include "link.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	link_dplane_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_bytes in = {data, len};
	if (len > 8192)
		return 0;
	if (fuzz_u8(&in) & 1)
		link_media_run(&in);
	else
		link_dplane_run(&in);
	return 0;
}
