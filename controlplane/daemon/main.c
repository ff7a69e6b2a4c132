#include <unistd.h>
#include "daemon/gateway.h"
#include "daemon/log.h"
#include "daemon/options.h"

#define EXIT_USAGE 2

/* Up the ladder: what needs root comes before root is dropped, and the plane, which reads what strangers send, after.
 */
static int start(struct gateway *gateway, const struct identity *identity)
{
	int result = gateway_open_signals(gateway);
	if (result == 0)
		result = gateway_open_sip(gateway);
	if (result == 0)
		result = gateway_open_api(gateway, identity);
	if (result == 0)
		result = gateway_open_link(gateway);
	if (result == 0)
		result = gateway_open_kernel(gateway);
	if (result == 0 && (result = privileges_drop(identity)) < 0)
		log_error("event=privileges-failed error=\"%s\"", strerror(-result));
	if (result == 0)
		result = gateway_open_plane(gateway);
	return result;
}

static int run(const struct config *config)
{
	struct gateway *gateway = NULL;
	struct identity identity;
	const char *missing;
	if (geteuid() != 0) {
		log_warning("event=not-root what=\"needs root to start; it drops to control.user afterwards\"");
		identity = (struct identity){.uid = geteuid(), .gid = getegid()};
	} else if (privileges_look_up(&identity, config, &missing) < 0) {
		log_error("event=no-such-user-or-group name=%s what=\"see control.user and control.group\"", missing);
		return EXIT_FAILURE;
	} else if (identity.uid == 0) {
		log_warning("event=root-kept what=\"control.user is root; give it a user of its own\"");
	}
	int result = gateway_open(&gateway, config);
	if (result == 0)
		result = start(gateway, &identity);
	if (result == 0) {
		log_info("event=started version=%s config=%s", XF_VERSION, config->file);
		result = gateway_run(gateway);
	}
	gateway_close(gateway);
	log_info("event=ended");
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options;
	struct config *config;
	if (options_parse(&options, argc, argv, stderr) < 0)
		return EXIT_USAGE;
	if (options.action == OPTIONS_HELP) {
		options_help(stdout);
		return EXIT_SUCCESS;
	}
	if (options.action == OPTIONS_VERSION) {
		printf("xfergate-controlplane %s\n", XF_VERSION);
		return EXIT_SUCCESS;
	}
	if (config_load(&config, options.config_file, stderr) < 0)
		return EXIT_FAILURE;
	int code = run(config);
	config_destroy(config);
	return code;
}
