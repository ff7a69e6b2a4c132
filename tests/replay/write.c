/* Writes captures of the unit tests' scenes, for tests of the program itself: write DIR puts call.pcap, direct.pcap and
 * config.yaml there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scene.h"

static void take(struct scene *scene, const char *dir, const char *name)
{
	char command[400];
	scene_done(scene);
	snprintf(command, sizeof(command), "mv '%s' '%s/%s' && mv '%s' '%s/config.yaml' && rmdir '%s'", scene->capture,
		 dir, name, scene->config, dir, scene->dir);
	if (system(command) != 0)
		exit(1);
}

int main(int argc, char **argv)
{
	struct scene scene;
	if (argc != 2 || strchr(argv[1], '\'')) {
		fputs("usage: write DIR\n", stderr);
		return 2;
	}
	scene_open(&scene);
	scene_call(&scene, 0.3);
	take(&scene, argv[1], "call.pcap");
	scene_open(&scene);
	scene_direct_call(&scene);
	take(&scene, argv[1], "direct.pcap");
	return 0;
}
