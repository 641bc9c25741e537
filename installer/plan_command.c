/* SPDX-License-Identifier: MIT */
#include "plan_command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "init/run_folder.h"
#include "install_decision.h"
#include "plan/plan_json.h"
#include "verdict/console.h"
#include "verdict/progress.h"

static void show_json(const struct plan_answer *answer)
{
	AUTO_FREE char *text = plan_json(answer);

	fputs(text, stdout);
}

static void show_disks(const struct plan_answer *answer)
{
	char size[TEXT_SIZE_BYTES];

	printf("Disks:\n");
	for (size_t i = 0; i < answer->disk_count; i++)
		printf("  %-8s %10s  %s\n", answer->disks[i].name,
			text_size(size, answer->disks[i].size_bytes),
			answer->selection->disks[i].reason);
	printf("\n");
}

static void show_text(const struct plan_answer *answer)
{
	if (answer->disk_count && answer->selection->disks[0].reason[0])
		show_disks(answer);
	if (answer->refusal)
		fprintf(stderr, "guest-installer: %s\n", answer->refusal->text);
	else
		plan_print(answer->plan, stdout);
}

int plan_command_run(const struct options *options)
{
	static struct install_decision decision;
	struct shared_state *shared = shared_state_new();
	struct error err = { 0 };
	int r;

	console_silence();
	/* Only root can mount a key drive, and only then is there something to keep private. */
	r = geteuid() == 0 ? run_folder_make_private(&err) : 0;
	if (r == 0)
		r = install_decide(options, shared, &decision, &err);
	if (r < 0 && err.code == 0)
		err.code = stage_exit_code(shared->stage);
	if (r < 0)
		candidates_classify(&decision.candidates, &decision.config);
	const struct plan_answer answer = {
		.disks = decision.candidates.disks,
		.disk_count = decision.candidates.count,
		.selection = &decision.candidates.selection,
		.plan = r < 0 ? NULL : &decision.plan,
		.refusal = r < 0 ? &err : NULL,
		.stage = shared->stage,
	};

	(options->json ? show_json : show_text)(&answer);
	return r < 0 ? err.code : EXIT_INSTALLED;
}
